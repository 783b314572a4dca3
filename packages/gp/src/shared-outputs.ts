import { type Matrix, choleskySolver } from '@ntk/linop';
import { checkOutputs, checkVector } from './checks.ts';
import type { Conditioning } from './conditioning.ts';
import type { InformationSolver } from './information.ts';
import { type KernelQuery, conditionKernel } from './kernel-conditioning.ts';
import { outputNoise } from './output-noise.ts';
import { type OutputsPosterior, deinterleave, joinOutputs, splitTargets } from './outputs-posterior.ts';
import { type Posterior, type Targets, posteriorFrom } from './posterior.ts';
import { noisePrecisionRoot } from './precision-root.ts';

/** A regression problem whose outputs share one kernel. */
export interface SharedProblem extends Targets {
  /** The kernel between examples without prior variance, [n, n]; see `traceKernel`. */
  readonly kTrainTrain: Matrix;
  readonly outputs: number;
  /** s², multiplies the kernel; 1 by default. */
  readonly priorVariance?: number;
  /** A variance for all rows, one an output [c], or one a row [n·c]; positive, in squared units of y. */
  readonly noiseVariance: number | Float64Array;
}

/**
 * The posterior of outputs that share a kernel: one factor and c right-hand sides.
 *
 * Outputs of equal noise share the factor; each further noise needs its own.
 *
 * @param problem - borrowed, not kept
 * @param solver - as for functionSpacePosterior
 * @returns the posterior, whose queries are those of one output but for `priorMean`, [m·c]; the caller disposes it
 * @throws {OptionError | ShapeError | NumericalError} as functionSpacePosterior
 *
 * Cost: n³/6 multiply-adds and n² entries of memory for each different noise, then c·n². A variance is worked out for each output.
 */
export async function sharedPosterior(
  problem: SharedProblem,
  solver: InformationSolver = choleskySolver(),
): Promise<OutputsPosterior<KernelQuery>> {
  const { kTrainTrain, outputs, priorVariance = 1, noiseVariance } = problem;
  checkOutputs(outputs, problem.yTrain.length, 'sharedPosterior');
  const targets = splitTargets(problem, outputs);
  const n = problem.yTrain.length / outputs;
  const factors = new Map<string, Conditioning<KernelQuery>>();
  const posteriors: Posterior<KernelQuery>[] = [];
  try {
    for (const [a, noise] of outputNoise(noiseVariance, n, outputs).entries()) {
      const key = String(noise);
      const precisionRoot = noisePrecisionRoot(noise, n);
      const conditioning =
        factors.get(key) ?? (await conditionKernel({ kTrainTrain, priorVariance, precisionRoot }, solver));
      factors.set(key, conditioning);
      posteriors.push(await posteriorFrom(conditioning, targets[a]!));
    }
  } catch (error) {
    for (const conditioning of factors.values()) conditioning.dispose();
    throw error;
  }
  return joinOutputs(posteriors, splitSharedQuery);
}

function splitSharedQuery({ priorMean, ...kernels }: KernelQuery, outputs: number): KernelQuery[] {
  if (priorMean === undefined) return new Array<KernelQuery>(outputs).fill(kernels);
  checkVector(priorMean, kernels.kTestTrain.rows * outputs, 'query.priorMean');
  return deinterleave(priorMean, outputs, 'query.priorMean').map((values) => ({ ...kernels, priorMean: values }));
}
