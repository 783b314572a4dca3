import { expect } from 'vitest';
import type { Backend } from '../../backend.ts';
import { ProgramBuilder } from '../../builder.ts';
import type { DType } from '../../dtype.ts';
import type { Program } from '../../program.ts';
import { manyInputs, manyOutputs } from './signature-suite.ts';
import { describeInEachDType, evaluateOn, uploadAs, type SuiteContext } from './suite-context.ts';

function double(): Program {
  const b = new ProgramBuilder('double');
  const x = b.input('x', [2]);
  b.output('y', b.add(x, x));
  b.output('x', x);
  return b.build();
}

const disposed = expect.objectContaining({ name: 'OwnershipError' }) as Error;

/** Who owns what and for how long: compiled forms, tensors, and the memory behind them. */
export function lifetimeSuite(context: SuiteContext): void {
  describeInEachDType(context, 'lifetimes', {
    'an equal Program compiles again and outlives the first': compilesAgain,
    'a Program that came from JSON compiles': readsJson,
    'a disposed tensor is refused, and may be disposed twice': refusesDisposed,
    'outputs outlive inputs, later runs and the executable': keepsOutputs,
    'outputs that share a value are disposed one by one': disposesOneByOne,
    'runs may overlap': overlaps,
    'inputs are left as they were': leavesInputs,
  });
}

async function compilesAgain(backend: Backend, dtype: DType): Promise<void> {
  const first = await backend.compile(double(), { dtype });
  using second = await backend.compile(double(), { dtype });
  first.dispose();
  first.dispose();
  using x = uploadAs(backend, [1, 2], [2], dtype);
  const [y, copy] = await backend.run(second, [x]);
  expect([...(await backend.read(y!))]).toEqual([2, 4]);
  [y, copy].forEach((tensor) => tensor!.dispose());
  // And after all of them were given back.
  second.dispose();
  const [again] = await evaluateOn(backend, double(), [[3, 4]], dtype);
  expect([...again!]).toEqual([6, 8]);
}

async function readsJson(backend: Backend, dtype: DType): Promise<void> {
  const program = JSON.parse(JSON.stringify(double())) as Program;
  const [y] = await evaluateOn(backend, program, [[1, 2]], dtype);
  expect([...y!]).toEqual([2, 4]);
}

async function refusesDisposed(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(double(), { dtype });
  const x = uploadAs(backend, [1, 2], [2], dtype);
  x.dispose();
  x.dispose();
  await expect(backend.run(executable, [x])).rejects.toThrow(disposed);
  await expect(backend.read(x)).rejects.toThrow(disposed);
}

async function keepsOutputs(backend: Backend, dtype: DType): Promise<void> {
  const executable = await backend.compile(double(), { dtype });
  const x = uploadAs(backend, [1, 2], [2], dtype);
  const first = await backend.run(executable, [x]);
  x.dispose();
  using other = uploadAs(backend, [5, 6], [2], dtype);
  const second = await backend.run(executable, [other]);
  executable.dispose();
  const read = async (tensors: typeof first): Promise<number[][]> =>
    Promise.all(tensors.map(async (tensor) => [...(await backend.read(tensor))]));
  expect(await read(first)).toEqual([
    [2, 4],
    [1, 2],
  ]);
  expect(await read(second)).toEqual([
    [10, 12],
    [5, 6],
  ]);
  [...first, ...second].forEach((tensor) => tensor.dispose());
}

async function disposesOneByOne(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(manyOutputs(false), { dtype });
  const inputs = manyInputs(backend, dtype);
  const [sum, again, input] = await backend.run(executable, inputs);
  sum!.dispose();
  expect([...(await backend.read(again!))]).toEqual([11, 22, 33, 14, 25, 36]);
  // An output that is an input has its own life.
  input!.dispose();
  expect([...(await backend.read(inputs[0]))]).toEqual([1, 2, 3, 4, 5, 6]);
  await expect(backend.read(input!)).rejects.toThrow(disposed);
  [again!, ...inputs].forEach((tensor) => tensor.dispose());
}

async function overlaps(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(double(), { dtype });
  const inputs = Array.from({ length: 8 }, (_, i) => uploadAs(backend, [i, i + 0.5], [2], dtype));
  const outputs = await Promise.all(inputs.map((x) => backend.run(executable, [x])));
  for (const [i, [y]] of outputs.entries()) expect([...(await backend.read(y!))]).toEqual([2 * i, 2 * i + 1]);
  [...inputs, ...outputs.flat()].forEach((tensor) => tensor.dispose());
}

async function leavesInputs(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(double(), { dtype });
  using x = uploadAs(backend, [1, 2], [2], dtype);
  const outputs = await backend.run(executable, [x]);
  expect([...(await backend.read(x))]).toEqual([1, 2]);
  outputs.forEach((tensor) => tensor.dispose());
}
