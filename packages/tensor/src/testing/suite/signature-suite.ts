import { expect, it } from 'vitest';
import type { Backend, Tensor } from '../../backend.ts';
import { ProgramBuilder } from '../../builder.ts';
import { cpuBackend } from '../../cpu/cpu-backend.ts';
import type { DType } from '../../dtype.ts';
import type { Program } from '../../program.ts';
import { describeInEachDType, DTYPES, evaluateOn, uploadAs, type SuiteContext } from './suite-context.ts';

/** Inputs and outputs of every kind, and what `upload`, `compile` and `run` refuse. */
export function signatureSuite(context: SuiteContext): void {
  describeInEachDType(context, 'inputs and outputs', {
    'outputs may be shared, inputs, or constants, and inputs unused': returnsEveryKind,
    'outputs have the shape, dtype and backend that the Program says': describesOutputs,
    'a wrong number of inputs is refused': refusesCount,
    'a wrong shape is refused': refusesShape,
    'a wrong dtype is refused': refusesDType,
    'a foreign tensor is refused': refusesForeign,
    'data that do not fit their shape are refused': refusesData,
    'what is uploaded is read again': readsBack,
  });
  it.each(DTYPES)('%s is supported or refused', async (dtype) => {
    const backend = context.backend();
    if (backend.supports[dtype]) return;
    await expect(backend.compile(manyOutputs(false), { dtype })).rejects.toThrow(ofName('UnsupportedError'));
    expect(() => uploadAs(backend, [1], [1], dtype)).toThrow(ofName('UnsupportedError'));
  });
}

/** (x + y, x + y, x) with an input that nothing reads and, where the backend has constants, a constant. */
export function manyOutputs(withConstant: boolean): Program {
  const b = new ProgramBuilder('many outputs');
  const x = b.input('x', [2, 3]);
  const y = b.input('y', [3]);
  b.input('unused', [4]);
  const sum = b.add(x, y);
  b.output('sum', sum);
  b.output('again', sum);
  b.output('input', x);
  if (withConstant) b.output('constant', b.constant([0.5, -2], [2]));
  return b.build();
}

/** Inputs for `manyOutputs`; the caller disposes them. */
export function manyInputs(backend: Backend, dtype: DType): [x: Tensor, y: Tensor, unused: Tensor] {
  return [
    uploadAs(backend, [1, 2, 3, 4, 5, 6], [2, 3], dtype),
    uploadAs(backend, [10, 20, 30], [3], dtype),
    uploadAs(backend, [0, 0, 0, 0], [4], dtype),
  ];
}

function ofName(name: string): Error {
  return expect.objectContaining({ name }) as Error;
}

async function returnsEveryKind(backend: Backend, dtype: DType): Promise<void> {
  const withConstant = backend.supports.primitives.has('constant');
  const inputs = [[1, 2, 3, 4, 5, 6], [10, 20, 30], new Array<number>(4).fill(NaN)];
  const outputs = await evaluateOn(backend, manyOutputs(withConstant), inputs, dtype);
  const sum = [11, 22, 33, 14, 25, 36];
  expect(outputs.map((data) => [...data])).toEqual([sum, sum, inputs[0], ...(withConstant ? [[0.5, -2]] : [])]);
}

async function describesOutputs(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(manyOutputs(false), { dtype });
  expect(executable.dtype).toBe(dtype);
  expect(executable.backend === backend).toBe(true);
  const inputs = manyInputs(backend, dtype);
  const outputs = await backend.run(executable, inputs);
  expect(outputs).toHaveLength(3);
  for (const tensor of outputs) {
    expect(tensor.shape).toEqual([2, 3]);
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.backend === backend).toBe(true);
  }
  [...inputs, ...outputs].forEach((tensor) => tensor.dispose());
}

async function refusesCount(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(manyOutputs(false), { dtype });
  const [x, y, unused] = manyInputs(backend, dtype);
  await expect(backend.run(executable, [x, y])).rejects.toThrow(ofName('ShapeError'));
  await expect(backend.run(executable, [x, y, unused, y])).rejects.toThrow(ofName('ShapeError'));
  [x, y, unused].forEach((tensor) => tensor.dispose());
}

async function refusesShape(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(manyOutputs(false), { dtype });
  const [x, y, unused] = manyInputs(backend, dtype);
  using transposed = uploadAs(backend, [1, 2, 3, 4, 5, 6], [3, 2], dtype);
  using row = uploadAs(backend, [1, 2, 3], [1, 3], dtype);
  await expect(backend.run(executable, [transposed, y, unused])).rejects.toThrow(ofName('ShapeError'));
  // One that would broadcast is not the one that was declared.
  await expect(backend.run(executable, [x, row, unused])).rejects.toThrow(ofName('ShapeError'));
  [x, y, unused].forEach((tensor) => tensor.dispose());
}

async function refusesDType(backend: Backend, dtype: DType): Promise<void> {
  const other = dtype === 'float64' ? 'float32' : 'float64';
  if (!backend.supports[other]) return;
  using executable = await backend.compile(manyOutputs(false), { dtype });
  const [x, y, unused] = manyInputs(backend, dtype);
  using wrong = uploadAs(backend, [1, 2, 3], [3], other);
  await expect(backend.run(executable, [x, wrong, unused])).rejects.toThrow(ofName('DTypeError'));
  [x, y, unused].forEach((tensor) => tensor.dispose());
}

async function refusesForeign(backend: Backend, dtype: DType): Promise<void> {
  using executable = await backend.compile(manyOutputs(false), { dtype });
  const [x, y, unused] = manyInputs(backend, dtype);
  using foreign = uploadAs(cpuBackend(), [1, 2, 3], [3], dtype);
  await expect(backend.run(executable, [x, foreign, unused])).rejects.toThrow(ofName('OwnershipError'));
  await expect(backend.read(foreign)).rejects.toThrow(ofName('OwnershipError'));
  [x, y, unused].forEach((tensor) => tensor.dispose());
}

async function refusesData(backend: Backend, dtype: DType): Promise<void> {
  expect(() => uploadAs(backend, [1, 2, 3], [2], dtype)).toThrow(ofName('ShapeError'));
  expect(() => uploadAs(backend, [1, 2], [-1, -2], dtype)).toThrow(ofName('ShapeError'));
  return Promise.resolve();
}

async function readsBack(backend: Backend, dtype: DType): Promise<void> {
  for (const [data, shape] of [
    [[0.5, -2, 3], [3]],
    [[7], []],
    [[], [0, 2]],
    [
      [NaN, Infinity, -Infinity],
      [1, 3],
    ],
  ] as const) {
    using tensor = uploadAs(backend, data, shape, dtype);
    expect([...(await backend.read(tensor))]).toEqual(data);
    expect(tensor.shape).toEqual(shape);
  }
}
