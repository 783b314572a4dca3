import { gaussianScores, type GaussianScores } from '@ntk/gp';
import { kernelDiagonal } from '@ntk/jacobian';
import { NtkError } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import { fitLinearized } from '../fit/fit-linearized.ts';
import type { LinearizedFit } from '../fit/linearized-fit.ts';
import { leaveOneOutConstant, leaveOneOutUntouched } from './baselines.ts';
import type { TargetPredictions } from './target-predictions.ts';
import { kernelRounding } from '../fit/hyperparameters.ts';
import { compareErrors, type Relation } from './comparison.ts';
import { conclude, warningsOf, type Comparisons, type Method, type MethodScores } from './conclusion.ts';

/** Whether adapting was worth it, by leave-one-out on the target data. */
export interface Verdict {
  readonly conclusion: Relation;
  /** One sentence for people. */
  readonly sentence: string;
  /** What else should be looked at, such as a network that does worse than a constant. */
  readonly warnings: readonly string[];
  readonly methods: readonly MethodScores[];
  /** The paired comparisons of squared errors that the conclusion rests on. */
  readonly comparisons: Comparisons;
  /** Leave-one-out predictions of the adapted network, [n·c]. */
  readonly leftOut: TargetPredictions;
}

/**
 * Compares the adapted network with a constant, the untouched network, and the last layer alone (a Gaussian process too, with its own
 * variances), each predicting every training example from all others. Learned variances are those of all data.
 *
 * @param options.level - level of the intervals whose coverage is counted; 0.95 unless named
 * @returns undefined if there are fewer than three examples: nothing can be said
 *
 * Cost: closed forms after one factorisation; the last layer is fitted once.
 */
export async function verdict(
  adapted: AdaptedNetwork,
  options: { readonly level?: number } = {},
): Promise<Verdict | undefined> {
  const { linearization, data } = adapted;
  const { c, n, backend } = linearization;
  if (n < 3) return undefined;
  const f = Float64Array.from(await backend.read(linearization.outputs));
  const leftOut = await leaveExamplesOut(adapted, c);
  const lastLayer = await leaveOneOutLastLayer(adapted);
  const alternatives: [Exclude<Method, 'adapted network'>, TargetPredictions][] = [
    ['constant', leaveOneOutConstant(data.y, c)],
    ['untouched network', leaveOneOutUntouched(data.y, f, c)],
  ];
  if (!(lastLayer instanceof Error)) alternatives.push(['last layer', lastLayer]);
  const predictions: [Method, TargetPredictions][] = [...alternatives, ['adapted network', leftOut]];
  const methods = predictions.map(([method, predicted]) => ({
    method,
    scores: scoreOutputs(data.y, predicted, { c, level: options.level ?? 0.95 }),
  }));
  const comparisons: Comparisons = Object.fromEntries(
    alternatives.map(([method, { mean }]) => [method, compareErrors(data.y, { before: mean, after: leftOut.mean, c })]),
  );
  const failed =
    lastLayer instanceof Error ? [`the last layer alone could not be fitted for comparison: ${lastLayer.message}`] : [];
  return {
    ...conclude(comparisons, methods, n),
    warnings: [...warningsOf(methods), ...failed, ...(await roundingWarning(adapted))],
    methods,
    comparisons,
    leftOut,
  };
}

async function leaveExamplesOut({ inference }: LinearizedFit, c: number): Promise<TargetPredictions> {
  const { posterior } = inference;
  if (c === 1 || !('leaveOneExampleOut' in posterior)) return posterior.leaveOneOut();
  const { mean, covariance } = await posterior.leaveOneExampleOut(c);
  return { mean: mean.data, variance: mean.data.map((_, i) => covariance[(i - (i % c)) * c + (i % c) * (c + 1)]!) };
}

/** A noise variance below the rounding of the kernel is not what the predictions come from. */
async function roundingWarning({ linearization, hyperparameters }: AdaptedNetwork): Promise<string[]> {
  const { dtype } = linearization;
  const diagonal = await kernelDiagonal(linearization);
  const mean = diagonal.reduce((sum, value) => sum + value, 0) / diagonal.length;
  const rounding = hyperparameters.priorVariance * mean * kernelRounding(dtype, diagonal.length);
  if (hyperparameters.noiseVariance >= rounding) return [];
  const remedy = dtype === 'float32' ? 'use float64, or a larger noise variance' : 'use a larger noise variance';
  return [
    `the noise variance is below the rounding of a ${dtype} kernel (${rounding.toPrecision(2)}), which decides means and variances in its place; ${remedy}`,
  ];
}

/** The last layer's predictions, or why it could not be fitted: a comparison that fails must not end an adaptation that did not. */
async function leaveOneOutLastLayer({ network, data, options }: AdaptedNetwork): Promise<TargetPredictions | NtkError> {
  const quiet = { noise: 'learn', priorVariance: 'learn', space: 'auto', onProgress: () => undefined } as const;
  try {
    using fit = await fitLinearized(network, data, { ...options, layers: 'last', ...quiet });
    return await leaveExamplesOut(fit, fit.linearization.c);
  } catch (error) {
    if (error instanceof NtkError) return error;
    throw error;
  }
}

function scoreOutputs(
  y: Float64Array,
  { mean, variance }: TargetPredictions,
  { c, level }: { c: number; level: number },
): GaussianScores[] {
  return Array.from({ length: c }, (_, output) => {
    const pick = (values: Float64Array): Float64Array => values.filter((_value, i) => i % c === output);
    return gaussianScores({ mean: pick(mean), variance: pick(variance), y: pick(y) }, level);
  });
}
