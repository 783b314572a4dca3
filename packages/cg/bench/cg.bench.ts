import { type CgOptions, cg, multiShiftCg, nystrom, pivotedCholesky, stochasticLogDeterminant } from '@ntk/cg';
import { cholesky, choleskySolve, diagonalOperator, matrixOperator, solve, sumOperator } from '@ntk/linop';
import { randomMatrix, uploadBlock } from '@ntk/linop/testing';
import { Rng, cpuBackend } from '@ntk/tensor';
import { bench, describe } from 'vitest';
import { noisyKernel } from '../test/kernels.ts';

// One thread, plain TypeScript: products by the cpu backend. Compare ratios and steps, not times; every row reaches the same residual.
const options = { warmupIterations: 1, iterations: 3, time: 0, warmupTime: 0, throws: true };

const n = 500;
const noiseVariance = 0.01;
const rtol = 1e-6;
const backend = cpuBackend();
const kernel = noisyKernel(n, noiseVariance, new Rng(n));
const A = matrixOperator(kernel, { backend, tags: ['positive-definite'] });
const b = randomMatrix(4, n, new Rng(1));
const right = uploadBlock(b, backend, 'float64');

describe(`four right-hand sides, n = ${n}, to ${rtol}`, () => {
  const variants: Readonly<Record<string, CgOptions>> = {
    cg: {},
    'cg, reorthogonalized': { reorthogonalize: true },
    'cg, vectors on the cpu backend': { backend },
    'cg, pivoted Cholesky of rank 50': { preconditioner: pivotedCholesky({ rank: 50, noiseVariance }) },
    'cg, Nyström of rank 50': { preconditioner: nystrom({ rank: 50, noiseVariance, rng: new Rng(2) }) },
  };
  for (const [name, variant] of Object.entries(variants)) {
    bench(
      name,
      async () => {
        const { value, stats } = await solve(A, right, cg({ rtol, ...variant }));
        check(name, Math.max(...stats.residual));
        value.dispose();
      },
      options,
    );
  }

  bench(
    'cholesky',
    () => {
      const x = choleskySolve(cholesky(kernel).factor, b);
      check('cholesky', Number.isFinite(x.data[0]!) ? 0 : 1);
    },
    options,
  );
});

describe(`six noise variances, n = ${n}, to ${rtol}`, () => {
  const shifts = [0, 0.01, 0.1, 1, 10, 100];

  bench(
    'multi-shift',
    async () => {
      const solver = multiShiftCg({ rtol });
      using state = await solver.init(A);
      for (const { value, stats } of await solver.compute(state, right, shifts)) {
        check('multi-shift', Math.max(...stats.residual));
        value.dispose();
      }
    },
    options,
  );

  bench(
    'one by one',
    async () => {
      for (const shift of shifts) {
        using identity = diagonalOperator(new Float64Array(n).fill(shift), { backend });
        using system = sumOperator([A, identity]);
        const { value, stats } = await solve(system, right, cg({ rtol }));
        check('one by one', Math.max(...stats.residual));
        value.dispose();
      }
    },
    options,
  );
});

describe(`log-determinant, n = ${n}, 16 probes`, () => {
  const rng = new Rng(3);

  bench(
    'plain',
    async () => {
      const { lower, upper } = await stochasticLogDeterminant(A, { rng });
      check('log-determinant', upper > lower ? 0 : 1);
    },
    options,
  );

  bench(
    'beside a pivoted Cholesky model of rank 50',
    async () => {
      const preconditioner = pivotedCholesky({ rank: 50, noiseVariance });
      const { lower, upper } = await stochasticLogDeterminant(A, { rng, preconditioner });
      check('log-determinant', upper > lower ? 0 : 1);
    },
    options,
  );
});

function check(name: string, residual: number): void {
  if (!(residual <= rtol)) throw new Error(`cg.bench, ${name}: got the residual ${residual}, expected at most ${rtol}`);
}
