import { outputCount, type Backend, type DType } from '@ntk/tensor';
import { meanDiagonal } from './mean-diagonal.ts';
import { speedProblem, type SpeedProblem } from './speed-problem.ts';
import type { Repetition } from './timing.ts';

/** How much of the problem the slow ways are asked for. */
export interface PosteriorSetting {
  /** Test points. */
  readonly m: number;
  /** Variances that the released code's way solves for; the time of the others is scaled from them. */
  readonly columns: number;
  /** Of the released code's way: the faster one of those that reach the accuracy. */
  readonly referenceDtype: DType;
  /** Relative residuals at which its conjugate gradients stop: powers of ten with errors just below 1 % of means and of variances. */
  readonly meanRtol: number;
  readonly varianceRtol: number;
  /** Of a peer; it warms up on a piece of the work. */
  readonly runs: number;
  /** Ours. What takes milliseconds must be run some times before it is compiled. */
  readonly repetition: Required<Repetition>;
}

/** The name of a problem of the suite `posterior`. */
export type PosteriorProblemName = 'sine-mlp' | 'incidence-mlp';

/**
 * The problems of the suite `posterior`, by name: 1,000 variances each. These are 1e-5 to 1e-3 of the prior's, and float32 loses a tenth and more of them in the
 * released code's difference k** − k*ᵀA⁻¹k*, whatever the tolerance.
 */
export const POSTERIOR_PROBLEMS: Readonly<Record<PosteriorProblemName, PosteriorSetting>> = {
  'sine-mlp': {
    m: 1000,
    columns: 20,
    referenceDtype: 'float64',
    meanRtol: 1e-2,
    varianceRtol: 1e-5,
    runs: 15,
    repetition: { warmup: 15, runs: 15 },
  },
  'incidence-mlp': {
    m: 500,
    columns: 20,
    referenceDtype: 'float64',
    meanRtol: 1e-3,
    varianceRtol: 1e-5,
    runs: 1,
    repetition: { warmup: 1, runs: 5 },
  },
};

/** A network with target data, test points, and the two variances. */
export interface PosteriorProblem extends SpeedProblem {
  /** [n, c] */
  readonly y: Float64Array<ArrayBuffer>;
  /** [m, …exampleShape] */
  readonly test: Float32Array<ArrayBuffer>;
  readonly m: number;
  readonly c: number;
  readonly repetition: Required<Repetition>;
  readonly priorVariance: number;
  readonly noiseVariance: number;
}

/** Targets are noisy sines of the first input; the kernel's mean diagonal is 1 and the noise variance 0.02. */
export async function posteriorProblem(
  backend: Backend,
  name: PosteriorProblemName,
  seed: number,
): Promise<PosteriorProblem> {
  const problem = speedProblem(name, seed);
  const { network, x, n, rng } = problem;
  const { m, repetition } = POSTERIOR_PROBLEMS[name];
  const [width, c] = [x.length / n, outputCount(network)];
  const y = Float64Array.from({ length: n * c }, (_, row) => {
    const [example, output] = [Math.floor(row / c), row % c];
    return Math.sin(2 * x[example * width]! + output) + 0.1 * rng.normal();
  });
  const priorVariance = 1 / (await meanDiagonal(network, x, backend));
  const test = new Float32Array(rng.normals(m * width));
  return { ...problem, y, test, m, c, repetition, priorVariance, noiseVariance: 0.02 };
}
