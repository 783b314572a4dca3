import { jvp, vjp } from '@ntk/jacobian';
import {
  ProgramBuilder,
  Rng,
  asDType,
  sizeOf,
  unitRoundoff,
  type Backend,
  type DType,
  type Primitive,
  type Program,
} from '@ntk/tensor';
import { drawInputs, primitiveCases, type PrimitiveCase } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { dot, norm } from './golden-comparison.ts';

/** Constant almost everywhere: J is zero. */
const CONSTANTS: ReadonlySet<Primitive> = new Set(['constant', 'sign', 'greater', 'greaterEqual', 'equal']);

/** Operands of these domains are discrete. */
const DISCRETE: ReadonlySet<string> = new Set(['integer', 'mask', 'index']);

/** ⟨u, J v⟩ = ⟨Jᵀu, v⟩ for every case of every primitive, J and Jᵀ as Programs on one backend. */
export function testAdjoints(open: () => Promise<Backend>, dtypes: readonly DType[]): void {
  const opened = open();
  const cases = primitiveCases.filter(({ op, domains }) => !CONSTANTS.has(op) && domains.some(isContinuous));
  describe.each(dtypes)('adjoints of primitives in %s', (dtype) => {
    test.each(cases)('$name', async (testCase) => checkCase(await opened, testCase, dtype));
  });
}

async function checkCase(backend: Backend, testCase: PrimitiveCase, dtype: DType): Promise<void> {
  const { program, domains, name } = testCase;
  const rng = new Rng(name);
  const wrt = domains.flatMap((domain, i) => (isContinuous(domain) ? [i] : []));
  const draw = (length: number): Float64Array => Float64Array.from(rng.normals(length), Math.fround);
  const point = drawInputs(testCase, rng);
  const v = wrt.map((input) => draw(sizeOf(program.inputs[input]!.shape)));
  const u = draw(sizeOf(program.nodes[0]!.shape));
  const [jv] = await run(backend, tangentProgram(program, wrt), [...point, ...v], dtype);
  const jtu = await run(backend, cotangentProgram(program, wrt), [...point, u], dtype);
  const [allV, allJtu] = [v, jtu].map((parts) => parts.flatMap((part) => [...part])) as [number[], number[]];
  const scale = norm(u) * norm(jv!) + norm(allJtu) * norm(allV);
  // Errors of independent roundings add like a random walk.
  const roundings = 4 * (8 + Math.sqrt(u.length + allV.length));
  expect(Math.abs(dot(u, jv!) - dot(allJtu, allV))).toBeLessThanOrEqual(roundings * unitRoundoff(dtype) * scale);
}

function isContinuous(domain: string): boolean {
  return !DISCRETE.has(domain);
}

/** (operands, one tangent for each differentiated operand) ↦ J v. */
function tangentProgram(program: Program, wrt: readonly number[]): Program {
  const b = new ProgramBuilder('tangent');
  const inputs = program.inputs.map(({ name, shape }) => b.input(name, shape));
  const tangents = wrt.map((input) => b.input(`tangent of ${input}`, program.inputs[input]!.shape));
  b.output('jv', jvp(b, program, inputs, wrt, tangents).tangent);
  return b.build();
}

/** (operands, a cotangent of the result) ↦ Jᵀu, one output for each differentiated operand. */
function cotangentProgram(program: Program, wrt: readonly number[]): Program {
  const b = new ProgramBuilder('cotangent');
  const inputs = program.inputs.map(({ name, shape }) => b.input(name, shape));
  const cotangent = b.input('cotangent', program.nodes[0]!.shape);
  const gradients = vjp(b, program, inputs, wrt).pullback(cotangent);
  gradients.forEach((gradient, i) => b.output(`gradient of ${wrt[i]}`, gradient));
  return b.build();
}

async function run(
  backend: Backend,
  program: Program,
  inputs: readonly Float64Array[],
  dtype: DType,
): Promise<Float64Array[]> {
  using executable = await backend.compile(program, { dtype });
  const tensors = program.inputs.map(({ shape }, i) => backend.upload(asDType(inputs[i]!, dtype), shape));
  const outputs = await backend.run(executable, tensors);
  const results: Float64Array[] = [];
  for (const output of outputs) results.push(Float64Array.from(await backend.read(output)));
  [...tensors, ...outputs].forEach((tensor) => tensor.dispose());
  return results;
}
