import { type LinearOperator, type LinearSolver, type SolverState, relativeResiduals } from '@ntk/linop';
import { type TypedArray, asDType } from '@ntk/tensor';

interface TruncatedState extends SolverState {
  readonly operator: LinearOperator;
}

/**
 * Plain conjugate gradients with float64 recurrences, stopped after `steps` or at a relative residual `rtol`: the simplest solver that is
 * honest about not having converged.
 */
export function truncatedCg({
  steps,
  rtol = 0,
}: {
  readonly steps: number;
  readonly rtol?: number;
}): LinearSolver<TruncatedState> {
  return {
    init: async (operator) => ({ operator, dispose: () => undefined, [Symbol.dispose]: () => undefined }),
    compute: async ({ operator }, b, { start } = {}) => {
      const [k, n] = [b.shape[0]!, operator.shape[0]];
      const right = Float64Array.from(await b.backend.read(b));
      const x = start === undefined ? new Float64Array(k * n) : Float64Array.from(await b.backend.read(start));
      let taken = 0;
      for (let row = 0; row < k; row++) {
        const range = [row * n, (row + 1) * n] as const;
        taken = Math.max(
          taken,
          await solveOne(operator, right.subarray(...range), x.subarray(...range), { steps, rtol }),
        );
      }
      const value = operator.backend.upload(asDType(x, operator.dtype), [k, n]);
      const residual = await relativeResiduals(operator, value, b);
      const status = residual.every((r) => r <= Math.max(rtol, 1e-15)) ? 'converged' : 'max-steps';
      return { value, status, stats: { steps: taken, residual } };
    },
  };
}

// Refines x in place, and returns how many steps that took.
async function solveOne(
  A: LinearOperator,
  b: Float64Array,
  x: Float64Array,
  { steps, rtol }: { readonly steps: number; readonly rtol: number },
): Promise<number> {
  const product = await multiply(A, x);
  const r = b.map((value, i) => value - product[i]!);
  const p = r.slice();
  let rho = dot(r, r);
  // The recurrence drifts from the true residual, by which the status is told.
  const target = (rtol / 4) ** 2 * dot(b, b);
  let step = 0;
  for (; step < steps && rho > target && rho > 0; step++) {
    const q = await multiply(A, p);
    const alpha = rho / dot(p, q);
    for (let i = 0; i < x.length; i++) {
      x[i]! += alpha * p[i]!;
      r[i]! -= alpha * q[i]!;
    }
    const next = dot(r, r);
    for (let i = 0; i < x.length; i++) p[i] = r[i]! + (next / rho) * p[i]!;
    rho = next;
  }
  return step;
}

async function multiply(A: LinearOperator, x: Float64Array): Promise<TypedArray> {
  using block = A.backend.upload(asDType(x.slice(), A.dtype), [1, x.length]);
  using product = await A.matmul(block);
  return (await A.backend.read(product)).slice();
}

function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}
