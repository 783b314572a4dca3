import fc from 'fast-check';
import {
  PRIMITIVES,
  Rng,
  interpret,
  sizeOf,
  unitRoundoff,
  type DType,
  type Primitive,
  type Program,
} from '@ntk/tensor';
import { arbitraryProgram, drawInputs, expectAllclose, primitiveCases } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { derive } from '../src/derivation.ts';
import { cotangentProgram, parameterCount, tangentProgram } from '../src/linear-programs.ts';
import { ruleOf } from '../src/rules/table.ts';

/** J and Jᵀ of a Program at a point, with respect to some of its inputs, run by the reference interpreter. */
function linearMaps(
  program: Program,
  inputs: readonly Float64Array[],
  wrt: readonly number[],
  dtype: DType = 'float64',
) {
  const derivation = derive(program, wrt);
  const point = inputs.map((data) => (dtype === 'float64' ? data : Float32Array.from(data)));
  const outputs = interpret(derivation.primal, dtype, point);
  const coefficients = derivation.sources.map((source) =>
    'input' in source ? point[source.input]! : outputs[source.output]!.data,
  );
  const run = (linear: Program, block: Float64Array): Float64Array => {
    const data = dtype === 'float64' ? block : Float32Array.from(block);
    return Float64Array.from(interpret(linear, dtype, [...coefficients, data])[0]!.data);
  };
  return {
    p: parameterCount(derivation),
    rows: sizeOf(derivation.outputShape),
    tangent: (v: Float64Array, k: number) => run(tangentProgram(derivation, k), v),
    cotangent: (u: Float64Array, k: number) => run(cotangentProgram(derivation, k), u),
  };
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

/** |⟨U, JV⟩ − ⟨JᵀU, V⟩| against the rounding of sums of that size. */
function checkAdjoint(maps: ReturnType<typeof linearMaps>, rng: Rng, k: number, dtype: DType): void {
  const u = rng.normals(k * maps.rows);
  const v = rng.normals(k * maps.p);
  const jv = maps.tangent(v, k);
  const jtu = maps.cotangent(u, k);
  const scale = norm(u) * norm(jv) + norm(jtu) * norm(v);
  const terms = 8 + Math.sqrt(maps.rows + maps.p);
  expect(Math.abs(dot(u, jv) - dot(jtu, v))).toBeLessThanOrEqual(4 * terms * unitRoundoff(dtype) * scale);
}

/** Central differences of the output in one direction of the chosen inputs. */
function difference(
  program: Program,
  inputs: readonly Float64Array[],
  wrt: readonly number[],
  v: Float64Array,
): Float64Array {
  const h = 1e-6;
  const at = (step: number): Float64Array => {
    let start = 0;
    const moved = inputs.slice();
    for (const input of wrt) {
      const from = start;
      moved[input] = inputs[input]!.map((value, i) => value + step * v[from + i]!);
      start += inputs[input]!.length;
    }
    return Float64Array.from(interpret(program, 'float64', moved)[0]!.data);
  };
  const [up, down] = [at(h), at(-h)];
  return up.map((value, i) => (value - down[i]!) / (2 * h));
}

describe('derivative rules', () => {
  for (const testCase of primitiveCases) {
    const { program, domains, op } = testCase;
    const operands = domains.flatMap((domain, i) => (['integer', 'mask', 'index'].includes(domain) ? [] : [i]));
    // The maximum of nothing is -∞, from which no difference can be taken.
    const isEmpty = op === 'max' && sizeOf(program.inputs[0]!.shape) === 0;
    if (ruleOf(op) === undefined || operands.length === 0 || isEmpty) continue;
    const choices = operands.length === 1 ? [operands] : [operands, ...operands.map((operand) => [operand])];
    test(testCase.name, () => {
      const rng = new Rng(testCase.name);
      const inputs = drawInputs(testCase, rng);
      for (const wrt of choices) {
        for (const dtype of ['float64', 'float32'] as const) {
          const maps = linearMaps(program, inputs, wrt, dtype);
          for (const k of [1, 3]) checkAdjoint(maps, rng, k, dtype);
        }
        const maps = linearMaps(program, inputs, wrt);
        const v = rng.normals(3 * maps.p);
        const jv = maps.tangent(v, 3);
        for (let column = 0; column < 3; column++) {
          const expected = difference(program, inputs, wrt, v.slice(column * maps.p, (column + 1) * maps.p));
          const size = 1 + Math.max(...expected.map(Math.abs), ...jv.map(Math.abs), 0);
          expectAllclose(jv.slice(column * maps.rows, (column + 1) * maps.rows), expected, { atol: 1e-7 * size });
        }
      }
    });
  }

  test('every primitive has cases, and a rule unless it is constant almost everywhere', () => {
    const covered = new Set(primitiveCases.map(({ op }) => op));
    const constants: Primitive[] = ['constant', 'sign', 'greater', 'greaterEqual', 'equal'];
    for (const op of PRIMITIVES) {
      expect(covered.has(op), op).toBe(true);
      expect(ruleOf(op) === undefined, op).toBe(constants.includes(op));
    }
  });

  test('⟨U, JV⟩ = ⟨JᵀU, V⟩ for random Programs', () => {
    fc.assert(
      fc.property(arbitraryProgram({ maxSteps: 12 }), fc.nat(), ({ program, inputs }, seed) => {
        const single = { ...program, outputs: program.outputs.slice(0, 1) };
        if (single.outputs.length === 0) return;
        const maps = linearMaps(
          single,
          inputs,
          inputs.map((_, i) => i),
        );
        checkAdjoint(maps, new Rng(seed), 2, 'float64');
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  test('a maximum that is attained twice takes the first, in row-major order', () => {
    const maxCase = primitiveCases.find(({ op, program }) => op === 'max' && program.inputs[0]!.shape.join() === '3,4');
    const { program } = maxCase ?? primitiveCases.find(({ op }) => op === 'max')!;
    const size = sizeOf(program.inputs[0]!.shape);
    const maps = linearMaps(program, [new Float64Array(size)], [0]);
    const jtu = maps.cotangent(new Float64Array(maps.rows).fill(1), 1);
    expect(jtu.reduce((sum, value) => sum + value, 0)).toBe(maps.rows);
    expect(jtu[0]).toBe(1);
  });
});
