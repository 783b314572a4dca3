import { jvp, vjp } from '@ntk/jacobian';
import { ProgramBuilder, interpret, type Program } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';

/** f(a, b, c) = tanh(a b) · c, with one output [2, 2]. */
function example(): Program {
  const b = new ProgramBuilder('example');
  const [a, w, c] = [b.input('a', [2, 3]), b.input('w', [3, 2]), b.input('c', [])];
  b.output('f', b.mul(b.unary('tanh', b.matmul(a, w)), c));
  return b.build();
}

const a = Float64Array.of(0.5, -1, 0.25, 1, 0, -0.5);
const w = Float64Array.of(1, -0.5, 0.5, 2, -1, 0.25);
const c = Float64Array.of(1.5);

describe('vjp', () => {
  test('is the gradient of what is computed from the output', () => {
    const program = example();
    const loss = (gradient: boolean): Program => {
      const b = new ProgramBuilder('loss');
      const inputs = program.inputs.map(({ name, shape }) => b.input(name, shape));
      const { output, pullback } = vjp(b, program, inputs, [1, 2]);
      b.output('loss', b.sum(b.mul(output, output), [0, 1]));
      // ∂Σf²/∂f = 2 f
      if (gradient) pullback(b.mul(b.scalar(2), output)).forEach((value, i) => b.output(`gradient${i}`, value));
      return b.build();
    };
    const at = (point: readonly Float64Array[]): number => interpret(loss(false), 'float64', point)[0]!.data[0]!;
    const [, gradientOfW, gradientOfC] = interpret(loss(true), 'float64', [a, w, c]);
    expect([gradientOfW!.shape, gradientOfC!.shape]).toEqual([[3, 2], []]);
    const h = 1e-6;
    w.forEach((value, i) => {
      const slope = (at([a, w.with(i, value + h), c]) - at([a, w.with(i, value - h), c])) / (2 * h);
      expect(gradientOfW!.data[i]).toBeCloseTo(slope, 7);
    });
    const slope = (at([a, w, c.with(0, c[0]! + h)]) - at([a, w, c.with(0, c[0]! - h)])) / (2 * h);
    expect(gradientOfC!.data[0]).toBeCloseTo(slope, 7);
  });

  test('is zero where the output does not depend on an input', () => {
    const b = new ProgramBuilder('outer');
    const inner = new ProgramBuilder('inner');
    const [x] = [inner.input('x', [2]), inner.input('unused', [3, 1])];
    inner.output('y', inner.unary('exp', x));
    const inputs = [b.input('x', [2]), b.input('unused', [3, 1])];
    const { output, pullback } = vjp(b, inner.build(), inputs, [1, 0]);
    pullback(output).forEach((value, i) => b.output(`gradient${i}`, value));
    const [unused, used] = interpret(b.build(), 'float64', [Float64Array.of(0, 1), new Float64Array(3)]);
    expect(unused).toEqual({ shape: [3, 1], data: new Float64Array(3) });
    expect(used!.data[1]).toBeCloseTo(Math.E ** 2, 12);
  });

  test('of an input that is the output is the cotangent itself', () => {
    const inner = new ProgramBuilder('identity');
    inner.output('x', inner.input('x', [2]));
    const b = new ProgramBuilder('outer');
    const x = b.input('x', [2]);
    const { output, pullback } = vjp(b, inner.build(), [x], [0]);
    b.output('f', output);
    b.output('gradient', pullback(b.mul(x, b.scalar(3)))[0]!);
    const results = interpret(b.build(), 'float64', [Float64Array.of(1, 2)]);
    expect(results.map(({ data }) => [...data])).toEqual([
      [1, 2],
      [3, 6],
    ]);
  });
});

describe('jvp', () => {
  test('gives the output and its directional derivative', () => {
    const program = example();
    const b = new ProgramBuilder('outer');
    const inputs = program.inputs.map(({ name, shape }) => b.input(name, shape));
    const direction = b.input('direction', [3, 2]);
    const { output, tangent } = jvp(b, program, inputs, [1], [direction]);
    b.output('f', output);
    b.output('df', tangent);
    const v = Float64Array.of(1, 2, -1, 0, 0.5, -2);
    const [f, df] = interpret(b.build(), 'float64', [a, w, c, v]);
    const at = (step: number): Float64Array =>
      Float64Array.from(interpret(program, 'float64', [a, w.map((value, i) => value + step * v[i]!), c])[0]!.data);
    expect(f!.data).toEqual(at(0));
    const [up, down] = [at(1e-6), at(-1e-6)];
    df!.data.forEach((value, i) => expect(value).toBeCloseTo((up[i]! - down[i]!) / 2e-6, 8));
  });

  test('is zero where the output does not depend on the input', () => {
    const inner = new ProgramBuilder('inner');
    const [x] = [inner.input('x', [2]), inner.input('unused', [])];
    inner.output('y', inner.unary('sign', x));
    const b = new ProgramBuilder('outer');
    const inputs = [b.input('x', [2]), b.input('unused', [])];
    const { tangent } = jvp(b, inner.build(), inputs, [0, 1], [b.constant([1, 1], [2]), b.scalar(1)]);
    b.output('dy', tangent);
    expect(interpret(b.build(), 'float64', [Float64Array.of(3, -3), new Float64Array(1)])[0]!.data).toEqual(
      new Float64Array(2),
    );
  });
});
