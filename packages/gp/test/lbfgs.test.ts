import { expect, test } from 'vitest';
import { lbfgs } from '@ntk/gp';

test('reaches the minimum of the Rosenbrock function', () => {
  const minimum = lbfgs(
    (x) => {
      const [a, b] = [x[0]!, x[1]!];
      const value = (1 - a) ** 2 + 100 * (b - a * a) ** 2;
      return { value, gradient: Float64Array.of(-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)) };
    },
    Float64Array.of(-1.2, 1),
    { gradientTolerance: 1e-8 },
  );
  expect(minimum.status).toBe('converged');
  expect(Array.from(minimum.x)).toEqual([expect.closeTo(1, 7), expect.closeTo(1, 7)]);
  expect(minimum.evaluations).toBeLessThan(100);
});

test('an ill-conditioned quadratic of 20 variables', () => {
  const scales = Float64Array.from({ length: 20 }, (_, i) => 10 ** (i / 5));
  const minimum = lbfgs(
    (x) => ({
      value: x.reduce((sum, v, i) => sum + (scales[i]! * v * v) / 2, 0),
      gradient: x.map((v, i) => scales[i]! * v),
    }),
    new Float64Array(20).fill(1),
    { maxSteps: 500 },
  );
  expect(minimum.status).toBe('converged');
  expect(minimum.value).toBeLessThan(1e-10);
});

test('stays where the function is finite', () => {
  // x − log x has its minimum at 1 and no value below 0.
  const minimum = lbfgs(
    ([x]) => ({ value: x! > 0 ? 50 * (x! - Math.log(x!)) : Infinity, gradient: Float64Array.of(50 - 50 / x!) }),
    Float64Array.of(0.01),
  );
  expect(minimum.x[0]).toBeCloseTo(1, 6);
});

test('says when it ran out of steps, and where it stands', () => {
  const minimum = lbfgs(([x]) => ({ value: x! ** 4, gradient: Float64Array.of(4 * x! ** 3) }), Float64Array.of(5), {
    maxSteps: 3,
  });
  expect(minimum).toMatchObject({ status: 'max-steps', steps: 3 });
  expect(minimum.value).toBe(minimum.x[0]! ** 4);
});
