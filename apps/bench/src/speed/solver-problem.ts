import { kernelMatrix, linearize } from '@ntk/jacobian';
import { matrix, syrk, type Matrix } from '@ntk/linop';
import { OptionError, type Backend } from '@ntk/tensor';
import { speedProblem } from './speed-problem.ts';

/** A system K + σ²I whose K has a mean diagonal of 1. */
export interface SolverProblem {
  readonly title: string;
  readonly A: Matrix;
  readonly noiseVariance: number;
}

/** The problems of the suite `solvers`, by name: kernels of networks, and a spectrum of known condition. */
export const SOLVER_PROBLEMS = ['sine-mlp', 'incidence-mlp', 'spectrum'] as const;

const NOISE_VARIANCE = 0.02;
const MAX_EXAMPLES = 500;
const SPECTRUM_ROWS = 500;
const CONDITION = 1e4;

/** @throws {OptionError} if there is no problem of that name */
export async function solverProblem(backend: Backend, name: string, seed: number): Promise<SolverProblem> {
  if (name === 'spectrum') return spectrumProblem();
  if (name !== 'sine-mlp' && name !== 'incidence-mlp')
    throw new OptionError(`solverProblem: got '${name}', expected one of ${SOLVER_PROBLEMS.join(', ')}`);
  const { network, x, n, title } = speedProblem(name, seed);
  const used = Math.min(n, MAX_EXAMPLES);
  using l = await linearize(network, x.subarray(0, used * (x.length / n)), { backend });
  const kernel = await kernelMatrix(l);
  const A = noisy(kernel, NOISE_VARIANCE);
  return { title: `kernel of ${title}, ${A.rows} rows, σ² = ${NOISE_VARIANCE}`, A, noiseVariance: NOISE_VARIANCE };
}

/** Q Λ Qᵀ with the cosine transform as Q, so that no diagonal gives it away, and Λ in geometric progression; its smallest entry stands for the noise. */
function spectrumProblem(): SolverProblem {
  const n = SPECTRUM_ROWS;
  const root = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const q = Math.sqrt((j === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (i + 0.5) * j) / n);
      root.data[i * n + j] = q * CONDITION ** (-j / (n - 1) / 2);
    }
  }
  return { title: `${n} rows, condition ${CONDITION.toExponential(0)}`, A: syrk(root), noiseVariance: 1 / CONDITION };
}

function noisy({ rows, data }: Matrix, noiseVariance: number): Matrix {
  let trace = 0;
  for (let i = 0; i < rows; i++) trace += data[i * rows + i]!;
  const scaled = matrix(
    rows,
    rows,
    data.map((value) => (value * rows) / trace),
  );
  for (let i = 0; i < rows; i++) scaled.data[i * rows + i]! += noiseVariance;
  return scaled;
}
