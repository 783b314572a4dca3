import type { Matrix } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { meanDiagonal } from './evidence-function.ts';
import { type GroupedEvidence, combineKernels } from './grouped-evidence.ts';
import { type Evaluation, type Minimum, lbfgs } from './lbfgs.ts';
import { learnHyperparameters } from './learn-hyperparameters.ts';
import { tridiagonalEvidence } from './tridiagonal-evidence.ts';

/** Settings of learnGroupVariances. */
export interface LearnGroupsOptions {
  /** Steps of each search; 200 by default. */
  readonly maxSteps?: number;
  /** Stops once every derivative by a log variance is at most this; 1e-6 by default, in nats. */
  readonly gradientTolerance?: number;
}

/** Variances that maximise the evidence, as far as was found. */
export interface LearnedGroups {
  /** s_l², [groups]. */
  readonly priorVariances: Float64Array;
  /** σ_a², [noiseOutputs]. */
  readonly noiseVariances: Float64Array;
  readonly logMarginalLikelihood: number;
  /** Share of each group in the prior variance of the training rows, [groups]; near 0: the data ask for a frozen group. */
  readonly shares: Float64Array;
  /** Largest derivative by a log variance. */
  readonly largestDerivative: number;
  /** Of the better search. `stalled`: rounding, or the edge of what is positive definite, ended it. */
  readonly status: Minimum['status'];
  /** Evidence of one prior variance for all groups and one noise variance, both learned: what the groups are to be compared with. */
  readonly singleLogMarginalLikelihood: number;
}

// Where log variances are searched: this many nats around the starting point.
const REACH = 30;

/**
 * Learns a prior variance for each group of parameters and a noise variance for each output by maximising the evidence.
 *
 * L-BFGS in log variances from two starting points, and the better end: all groups alike, at the optimum of the one-dimensional search,
 * and all groups with equal shares, at the optimum of theirs. The evidence of several scales can have several maxima.
 *
 * @throws {OptionError} if a kernel is zero, or the targets equal their prior mean
 *
 * Cost: 4/3·N³ multiply-adds for the starting points, then 2/3·N³ for each of some 50 evaluations.
 * Source: Rasmussen & Williams (2006), section 5.4.1; Nocedal & Wright (2006), algorithm 7.5.
 */
export async function learnGroupVariances(
  evidence: GroupedEvidence,
  options: LearnGroupsOptions = {},
): Promise<LearnedGroups> {
  const { maxSteps = 200, gradientTolerance = 1e-6 } = options;
  const { groups } = evidence;
  const scales = Float64Array.from(evidence.problem.kernels, (kernel, l) => checkedScale(kernel, l));
  const alike = await singleOptimum(evidence, new Float64Array(groups).fill(1));
  const equalShares = await singleOptimum(
    evidence,
    scales.map((scale) => 1 / scale),
  );
  const ends = [alike, equalShares].map(({ start }) =>
    lbfgs(boundedObjective(evidence, start), start, { maxSteps, gradientTolerance }),
  );
  const best = ends.reduce((a, b) => (b.value < a.value ? b : a));
  const priorVariances = best.x.slice(0, groups).map(Math.exp);
  const contributions = priorVariances.map((variance, l) => variance * scales[l]!);
  const total = contributions.reduce((sum, value) => sum + value, 0);
  return {
    priorVariances,
    noiseVariances: best.x.slice(groups).map(Math.exp),
    logMarginalLikelihood: -best.value,
    shares: contributions.map((value) => value / total),
    largestDerivative: best.gradient.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0),
    status: best.status,
    singleLogMarginalLikelihood: alike.value,
  };
}

interface Start {
  /** Log variances: of the groups, then of the noise. */
  readonly start: Float64Array;
  readonly value: number;
}

// The best common factor of all groups, and the best noise variance.
async function singleOptimum({ problem, noiseOutputs }: GroupedEvidence, weights: Float64Array): Promise<Start> {
  const single = await tridiagonalEvidence({ ...problem, kTrainTrain: combineKernels(problem.kernels, weights) });
  const { priorVariance, noiseVariance, logMarginalLikelihood } = await learnHyperparameters(single);
  const noise = new Float64Array(noiseOutputs).fill(Math.log(noiseVariance));
  const prior = weights.map((weight) => Math.log(weight * priorVariance));
  return { start: Float64Array.of(...prior, ...noise), value: logMarginalLikelihood };
}

function boundedObjective(evidence: GroupedEvidence, start: Float64Array): (x: Float64Array) => Evaluation {
  return (x) => {
    const outside = x.some((value, i) => !(Math.abs(value - start[i]!) <= REACH));
    if (outside) return { value: Infinity, gradient: new Float64Array(x.length) };
    const variances = x.map(Math.exp);
    const at = evidence.at(variances.slice(0, evidence.groups), variances.slice(evidence.groups));
    const gradient = Float64Array.of(...at.byLogPriorVariance, ...at.byLogNoiseVariance).map((entry) => -entry);
    return { value: -at.logMarginalLikelihood, gradient };
  };
}

function checkedScale(kernel: Matrix, l: number): number {
  const scale = meanDiagonal(kernel);
  if (scale > 0) return scale;
  throw new OptionError(
    `learnGroupVariances: got a kernel of mean diagonal ${scale} for group ${l}, expected a positive one; leave out layers that no output depends on`,
  );
}
