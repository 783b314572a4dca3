import { kernelMatrix, linearize } from '@ntk/jacobian';
import { matrix, syrk, type Matrix } from '@ntk/linop';
import { OptionError, type Backend, type Network } from '@ntk/tensor';
import { speedProblem } from './speed-problem.ts';

/** What a kernel is made of: s² J Jᵀ. */
export interface KernelSource {
  readonly network: Network;
  /** [n, …exampleShape] */
  readonly x: Float32Array;
  readonly n: number;
  readonly priorVariance: number;
  /** What the matrix took, in milliseconds, Programs compiled: those who never make it save this. */
  readonly kernelMs: number;
}

/** A system K + σ²I whose K has a mean diagonal of 1. */
export interface SolverProblem {
  readonly title: string;
  readonly A: Matrix;
  readonly noiseVariance: number;
  /** Where K comes from a network. */
  readonly source?: KernelSource;
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
  const inputs = x.subarray(0, used * (x.length / n));
  using l = await linearize(network, inputs, { backend, dtype: 'float64' });
  await kernelMatrix(l);
  const start = performance.now();
  const kernel = await kernelMatrix(l);
  const kernelMs = performance.now() - start;
  const priorVariance = kernel.rows / trace(kernel);
  const A = noisy(kernel, priorVariance);
  return {
    title: `kernel of ${title.replace(/, n = .*/, '')}, ${A.rows} rows, σ² = ${NOISE_VARIANCE}`,
    A,
    noiseVariance: NOISE_VARIANCE,
    source: { network, x: inputs, n: used, priorVariance, kernelMs },
  };
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

function trace({ rows, data }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += data[i * rows + i]!;
  return sum;
}

function noisy({ rows, data }: Matrix, priorVariance: number): Matrix {
  const scaled = matrix(
    rows,
    rows,
    data.map((value) => priorVariance * value),
  );
  for (let i = 0; i < rows; i++) scaled.data[i * rows + i]! += NOISE_VARIANCE;
  return scaled;
}
