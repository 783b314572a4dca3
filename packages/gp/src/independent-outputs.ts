import { type Matrix, choleskySolver } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import type { InformationSolver } from './information.ts';
import { type KernelQuery, conditionKernel } from './kernel-conditioning.ts';
import { outputNoise } from './output-noise.ts';
import { type OutputsPosterior, joinOutputs, splitTargets } from './outputs-posterior.ts';
import { type Posterior, type Targets, posteriorFrom } from './posterior.ts';
import { noisePrecisionRoot } from './precision-root.ts';

/** Test examples as each output's kernel sees them; `priorMean` is that of the output, [m]. */
export interface IndependentQuery {
  /** One an output, [c]. */
  readonly outputs: readonly KernelQuery[];
}

/** A regression problem whose outputs have a kernel each and nothing in common but the prior variance. */
export interface IndependentProblem extends Targets {
  /** K_a of each output between the examples, without prior variance, c matrices [n, n]; see `outputKernels`. */
  readonly kernels: readonly Matrix[];
  /** s², multiplies every kernel; 1 by default. */
  readonly priorVariance?: number;
  /** A variance for all rows, one an output [c], or one a row [n·c]; positive, in squared units of y. */
  readonly noiseVariance: number | Float64Array;
}

/**
 * The posterior that drops the covariance between outputs: c systems of n rows instead of one of n·c.
 *
 * @param problem - borrowed, not kept
 * @param solver - as for functionSpacePosterior
 * @returns the posterior; the caller disposes it
 * @throws {OptionError} if there is no kernel or a noise variance is not positive
 * @throws {ShapeError | NumericalError} as functionSpacePosterior
 *
 * Cost: c·n³/6 multiply-adds and c·n² entries of memory; the joint one costs c² times that time.
 */
export async function independentPosterior(
  problem: IndependentProblem,
  solver: InformationSolver = choleskySolver(),
): Promise<OutputsPosterior<IndependentQuery>> {
  const { kernels, priorVariance = 1, noiseVariance } = problem;
  const c = kernels.length;
  if (c === 0) throw new OptionError('independentPosterior: got no kernels, expected one an output');
  const targets = splitTargets(problem, c);
  const noise = outputNoise(noiseVariance, targets[0]!.yTrain.length, c);
  const posteriors: Posterior<KernelQuery>[] = [];
  try {
    for (const [a, kTrainTrain] of kernels.entries()) {
      const precisionRoot = noisePrecisionRoot(noise[a]!, targets[a]!.yTrain.length);
      const conditioning = await conditionKernel({ kTrainTrain, priorVariance, precisionRoot }, solver);
      posteriors.push(await posteriorFrom(conditioning, targets[a]!));
    }
  } catch (error) {
    for (const posterior of posteriors) posterior.dispose();
    throw error;
  }
  return joinOutputs(posteriors, ({ outputs }) => {
    if (outputs.length === c) return [...outputs];
    throw new OptionError(
      `independentPosterior: got queries of ${outputs.length} outputs, expected ${c}, one an output`,
    );
  });
}
