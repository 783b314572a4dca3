import {
  type CgOptions,
  type Preconditioner,
  cg,
  jacobi,
  nystrom,
  pivotedCholesky,
  randomlyPivotedCholesky,
} from '@ntk/cg';
import { testLinearSolver } from '@ntk/linop/testing';
import { type DType, Rng, cpuBackend, unitRoundoff } from '@ntk/tensor';

// A tenth of the smallest eigenvalue that the suite's matrices have.
const noiseVariance = 1e-4;

const PRECONDITIONERS: readonly (readonly [name: string, preconditioner: Preconditioner | undefined])[] = [
  ['none', undefined],
  ['jacobi', jacobi()],
  ['pivoted Cholesky', pivotedCholesky({ rank: 6, noiseVariance })],
  ['randomly pivoted Cholesky', randomlyPivotedCholesky({ rank: 6, noiseVariance, blockSize: 3, rng: new Rng(1) })],
  ['Nyström', nystrom({ rank: 6, noiseVariance, rng: new Rng(2) })],
];

const VECTORS: readonly (readonly [name: string, options: CgOptions])[] = [
  ['the host', {}],
  ['cpu float64', { backend: cpuBackend(), dtype: 'float64' }],
  ['cpu float32', { backend: cpuBackend(), dtype: 'float32' }],
];

for (const [where, vectors] of VECTORS) {
  for (const [name, preconditioner] of PRECONDITIONERS) {
    const options = preconditioner === undefined ? vectors : { ...vectors, preconditioner };
    testLinearSolver(`cg, preconditioner ${name}, vectors on ${where}`, () => cg(options));
  }
  // The residual of float32 vectors falls further than their rounding: each start from a true residual adds to a float64 solution.
  const rtol = (dtype: DType): number => 300 * unitRoundoff(dtype) ** (dtype === 'float64' ? 0.8 : 1);
  for (const dtype of ['float64', 'float32'] as const) {
    testLinearSolver(`cg to the last digits, vectors on ${where}`, () => cg({ ...vectors, rtol: rtol(dtype) }), {
      dtypes: [dtype],
      rtol,
    });
  }
}
