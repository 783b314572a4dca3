import { cholesky, copyMatrix, eigh, gemm, syrk } from '@ntk/linop';
import { frobeniusNorm, randomMatrix } from '@ntk/linop/testing';
import { Rng } from '@ntk/tensor';
import { bench, describe } from 'vitest';

// Float64, one thread, plain TypeScript. The gemm rows tell how fast the machine is: compare ratios, not times.
const options = { warmupIterations: 1, iterations: 3, time: 0, warmupTime: 0, throws: true };

describe.each([500, 1000, 2000])('n = %i', (n) => {
  const a = syrk(randomMatrix(n, n + 10, new Rng(n)), { alpha: 1 / n });

  bench(
    'cholesky',
    () => {
      check(n, cholesky(a).factor.data[n * n - 1]!);
    },
    options,
  );

  if (n > 1000) return;

  bench(
    'gemm',
    () => {
      check(n, gemm(a, a).data[0]!);
    },
    options,
  );

  bench(
    'eigh',
    () => {
      check(n, frobeniusNorm(eigh(copyMatrix(a), { inPlace: true }).vectors) - Math.sqrt(n) + 1);
    },
    options,
  );
});

// The body ends by using its result, so that nothing is optimised away, and a wrong one is noticed.
function check(n: number, entry: number): void {
  if (!(entry > 0 && entry < n))
    throw new Error(`cholesky.bench: got the entry ${entry}, expected a positive one below ${n}`);
}
