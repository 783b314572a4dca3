import { describe, expect, it } from 'vitest';
import { interpret } from '../../cpu/interpreter.ts';
import type { DType, TypedArray } from '../../dtype.ts';
import type { Program } from '../../program.ts';
import { Rng } from '../../rng.ts';
import { expectAllclose } from '../allclose.ts';
import { drawInputs } from '../cases/primitive-case.ts';
import { primitiveCases } from '../cases/primitive-cases.ts';
import { specialCases } from '../cases/special-cases.ts';
import { roundingBound } from '../rounding.ts';
import { DTYPES, evaluateOn, supports, type SuiteContext } from './suite-context.ts';

/** Every case of every primitive, in both dtypes, against the oracle; what is unsupported must be refused by `compile`. */
export function primitiveSuite(context: SuiteContext): void {
  describe.each(DTYPES)('primitives in %s', (dtype) => {
    for (const { name, op, program, ...testCase } of primitiveCases) {
      register(context, name, async () => {
        const backend = context.backend();
        if (!supports(backend, dtype, [op])) return expectRefused(context, program, dtype);
        const inputs = drawInputs({ name, op, program, ...testCase }, new Rng(context.options.seed ?? name));
        const [actual] = await evaluateOn(backend, program, inputs, dtype);
        const { expected, atol } = oracle(context, program, inputs, dtype);
        expectAllclose(actual!, expected, { atol, shape: program.nodes[0]!.shape });
      });
    }
  });
}

/** NaN, infinities and saturated functions, in both dtypes. */
export function specialSuite(context: SuiteContext): void {
  describe.each(DTYPES)('special values in %s', (dtype) => {
    for (const { name, op, program, inputs, expected } of specialCases) {
      register(context, name, async () => {
        const backend = context.backend();
        if (!supports(backend, dtype, [op])) return expectRefused(context, program, dtype);
        const [actual] = await evaluateOn(backend, program, inputs, dtype);
        const { atol } = oracle(
          context,
          program,
          inputs.map((data) => Float64Array.from(data)),
          dtype,
        );
        expectAllclose(actual!, expected, { atol });
      });
    }
  });
}

/** A test, unless the backend's options say why not. */
function register(context: SuiteContext, name: string, run: () => Promise<void>): void {
  const reason = context.options.skip?.(name);
  if (reason === undefined) {
    it(name, run);
    return;
  }
  it.skip(`${name} (${reason})`, run);
  console.log(`skipped: ${name}: ${reason}`);
}

async function expectRefused(context: SuiteContext, program: Program, dtype: DType): Promise<void> {
  const refusal = expect.objectContaining({ name: 'UnsupportedError' }) as Error;
  await expect(context.backend().compile(program, { dtype })).rejects.toThrow(refusal);
}

/** What a Program of one node gives in float64, and how far from it rounding in `dtype` may lead. */
function oracle(
  { roundings }: SuiteContext,
  program: Program,
  inputs: readonly TypedArray[],
  dtype: DType,
): { readonly expected: TypedArray; readonly atol: Float64Array } {
  const expected = interpret(program, 'float64', inputs)[0]!.data;
  const operands = program.inputs.map(({ shape }, i) => ({ shape, data: inputs[i]! }));
  return { expected, atol: roundingBound(program.nodes[0]!, operands, expected, { dtype, roundings }) };
}
