import { ProgramBuilder, Rng, interpret, type Program, type Value } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { derive, type Derivation } from '../src/derivation.ts';
import { cotangentProgram, tangentProgram } from '../src/linear-programs.ts';

const N = 3;
const WIDTH = 5;

/** f(x; w) = g(x w) with inputs x [n, WIDTH], then w. */
function network(g: (b: ProgramBuilder, z: Value) => Value, n = N): Program {
  const b = new ProgramBuilder('chain');
  const x = b.input('x', [n, WIDTH], { exampleAxis: 0 });
  const w = b.input('w', [WIDTH, WIDTH]);
  b.output('f', g(b, b.matmul(x, w)));
  return b.build();
}

/** J v and Jᵀu at a point. */
function products(derivation: Derivation, inputs: readonly Float64Array[], { v, u }: Record<'v' | 'u', Float64Array>) {
  const outputs = interpret(derivation.primal, 'float64', inputs);
  const coefficients = derivation.sources.map((source) =>
    'input' in source ? inputs[source.input]! : outputs[source.output]!.data,
  );
  return {
    jv: interpret(tangentProgram(derivation, 1), 'float64', [...coefficients, v])[0]!.data,
    jtu: interpret(cotangentProgram(derivation, 1), 'float64', [...coefficients, u])[0]!.data,
  };
}

const one = (b: ProgramBuilder): Value => b.scalar(1);
const gelu = (b: ProgramBuilder, z: Value): Value =>
  b.mul(b.mul(b.scalar(0.5), z), b.add(one(b), b.unary('erf', b.mul(z, b.scalar(Math.SQRT1_2)))));
/** Its branches are not guarded: eᶻ overflows where it is not taken. */
const elu = (b: ProgramBuilder, z: Value): Value =>
  b.where(b.binary('greater', z, b.scalar(0)), z, b.sub(b.unary('exp', z), one(b)));

/** Each with its derivative. */
const chains: Record<string, readonly [(b: ProgramBuilder, z: Value) => Value, (z: number) => number]> = {
  'z · sigmoid(z)': [
    (b, z) => b.mul(z, b.unary('sigmoid', z)),
    (z) => (1 + Math.exp(-z) * (1 + z)) / (1 + Math.exp(-z)) ** 2,
  ],
  'z / (1 + |z|)': [(b, z) => b.div(z, b.add(one(b), b.unary('abs', z))), (z) => 1 / (1 + Math.abs(z)) ** 2],
  'min(relu(z), 6)': [(b, z) => b.binary('minimum', b.unary('relu', z), b.scalar(6)), (z) => (z > 0 && z <= 6 ? 1 : 0)],
  'z²': [(b, z) => b.mul(z, z), (z) => 2 * z],
  '-(-z)': [(b, z) => b.neg(b.neg(z)), () => 1],
  'max(z, z / 10)': [(b, z) => b.binary('maximum', z, b.mul(z, b.scalar(0.1))), (z) => (z >= 0 ? 1 : 0.1)],
  'elu(z)': [elu, (z) => (z > 0 ? 1 : Math.exp(z))],
};

function multiplications({ nodes }: Derivation): number {
  return nodes.filter(({ op }) => op !== 'matmul').length;
}

describe('chains of elementwise nodes', () => {
  const rng = new Rng('chains');
  const inputs = [rng.normals(N * WIDTH), rng.normals(WIDTH * WIDTH)];
  const directions = { v: rng.normals(WIDTH * WIDTH), u: rng.normals(N * WIDTH) };
  const plain = derive(
    network((_b, z) => z),
    [1],
  );
  const z = interpret(plain.primal, 'float64', inputs)[0]!.data;
  test.each(Object.entries(chains))('%s is one multiplication by its derivative', (_name, [g, derivative]) => {
    const derivation = derive(network(g), [1]);
    expect(multiplications(derivation)).toBe(1);
    const slopes = Float64Array.from(z, derivative);
    const { jv, jtu } = products(derivation, inputs, directions);
    const linear = products(plain, inputs, { ...directions, u: directions.u.map((value, i) => value * slopes[i]!) });
    expectAllclose(
      jv,
      linear.jv.map((value, i) => value * slopes[i]!),
      { rtol: 1e-13, atol: 1e-13 },
    );
    expectAllclose(jtu, linear.jtu, { rtol: 1e-13, atol: 1e-13 });
  });

  test('the whole of x Φ(x) keeps one coefficient beside the inputs', () => {
    const { sources } = derive(network(gelu), [1]);
    expect(sources.filter((source) => 'output' in source)).toHaveLength(1);
  });

  test('a branch that is not taken may overflow', () => {
    const derivation = derive(network(elu), [1]);
    const large = [inputs[0]!.map((value) => 1e4 * Math.abs(value)), inputs[1]!.map(Math.abs)];
    const { jv, jtu } = products(derivation, large, directions);
    expect([...jv, ...jtu].every(Number.isFinite)).toBe(true);
  });

  test('a value within a chain that is read elsewhere has its own multiplication', () => {
    const between = derive(
      network((b, value) => {
        const inner = b.unary('tanh', value);
        return b.mul(b.matmul(inner, b.broadcastTo(b.scalar(0.5), [WIDTH, WIDTH])), b.unary('exp', inner));
      }),
      [1],
    );
    expect(between.nodes.map(({ op }) => op)).toEqual(['matmul', 'tanh', 'matmul', 'mul', 'mul']);
  });

  test('numbers that examples share and numbers of an example do not become a matrix', () => {
    const derivation = derive(
      network((b, value) => {
        const perColumn = b.mul(value, b.constant([1, 2, 3, 4, 5], [WIDTH]));
        return b.mul(perColumn, b.reshape(b.sum(0, [1]), [N, 1]));
      }),
      [1],
    );
    expect(multiplications(derivation)).toBe(2);
    expect(derivation.sourceShapes).toEqual([
      [N, WIDTH],
      [N, 1],
    ]);
  });

  test('a parameter is not the base of a chain, even if its shape is that of the only example', () => {
    const b = new ProgramBuilder('one example');
    const x = b.input('x', [1, WIDTH], { exampleAxis: 0 });
    const gamma = b.input('gamma', [1, WIDTH]);
    b.output('f', b.unary('exp', b.mul(x, gamma)));
    expect(derive(b.build(), [1]).nodes.map(({ op }) => op)).toEqual(['mul', 'exp']);
  });

  test('what the output does not depend on has no node', () => {
    const b = new ProgramBuilder('dead end');
    const x = b.input('x', [N, WIDTH], { exampleAxis: 0 });
    const w = b.input('w', [WIDTH]);
    b.unary('exp', b.mul(x, w));
    b.output('f', b.add(x, w));
    expect(derive(b.build(), [1]).nodes.map(({ op }) => op)).toEqual(['add']);
  });
});
