import { gaussianScores, type GaussianScores } from '@ntk/gp';
import { kernelDiagonal } from '@ntk/jacobian';
import { NtkError } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import { fitLinearized } from '../fit/fit-linearized.ts';
import { kernelRounding } from '../fit/hyperparameters.ts';
import { pickRows } from '../fit/training-data.ts';
import { leaveOutConstant, leaveOutUntouched } from './baselines.ts';
import { compareErrors, type Relation } from './comparison.ts';
import { conclude, warningsOf, type Comparisons, type Method, type MethodScores } from './conclusion.ts';
import { predictLeftOut } from './left-out.ts';
import type { TargetPredictions } from './target-predictions.ts';
import { validationOf, type Validation } from './validation.ts';
import { pick } from '../systems/system-jacobian.ts';

/** Whether adapting was worth it, by predicting target data that were left out. */
export interface Verdict {
  readonly conclusion: Relation;
  /** One sentence for people. */
  readonly sentence: string;
  /** What else should be looked at, such as a network that does worse than a constant. */
  readonly warnings: readonly string[];
  readonly methods: readonly MethodScores[];
  /** The paired comparisons of squared errors that the conclusion rests on. */
  readonly comparisons: Comparisons;
  /** Which examples were predicted from which others. */
  readonly validation: Validation;
  /** Predictions of the left-out examples by the adapted network, noise included, in the order of `validation.examples`. */
  readonly leftOut: TargetPredictions;
}

/**
 * Compares the adapted network with a constant, the untouched network, and the last layer alone (a Gaussian process too, with its own
 * variances), each predicting training examples from others: by leave-one-out, or where that has no closed form from fits to a part of the data. Learned
 * variances are those of all data.
 *
 * @param options.level - level of the intervals whose coverage is counted; 0.95 unless named
 * @returns undefined if there are fewer than three examples: nothing can be said
 *
 * Cost: closed forms after one factorisation, or one fit for each fold; the last layer is fitted too.
 */
export async function verdict(
  adapted: AdaptedNetwork,
  options: { readonly level?: number } = {},
): Promise<Verdict | undefined> {
  const { linearization, data } = adapted;
  const { c, n, backend } = linearization;
  if (n < 3) return undefined;
  const validation = validationOf(adapted);
  const { folds, examples } = validation;
  const f = Float64Array.from(await backend.read(linearization.outputs));
  const y = pickRows(data.y, examples, c);
  const leftOut = await predictLeftOut(adapted, adapted, validation);
  const lastLayer = await leaveOutLastLayer(adapted, validation);
  const alternatives: [Exclude<Method, 'adapted network'>, TargetPredictions][] = [
    ['constant', leaveOutConstant(data.y, c, folds)],
    ['untouched network', leaveOutUntouched(data.y, f, c, folds)],
  ];
  if (!(lastLayer instanceof Error)) alternatives.push(['last layer', lastLayer]);
  const predictions: [Method, TargetPredictions][] = [...alternatives, ['adapted network', leftOut]];
  const methods = predictions.map(([method, predicted]) => ({
    method,
    scores: scoreOutputs(y, predicted, { c, level: options.level ?? 0.95 }),
  }));
  const comparisons: Comparisons = Object.fromEntries(
    alternatives.map(([method, { mean }]) => [method, compareErrors(y, { before: mean, after: leftOut.mean, c })]),
  );
  const failed =
    lastLayer instanceof Error ? [`the last layer alone could not be fitted for comparison: ${lastLayer.message}`] : [];
  return {
    ...conclude(comparisons, methods, validation),
    warnings: [...warningsOf(methods), ...failed, ...(await roundingWarning(adapted))],
    methods,
    comparisons,
    validation,
    leftOut,
  };
}

/** A noise variance below the rounding of the kernel is not what the predictions come from. */
async function roundingWarning({ linearization, hyperparameters, inference, plan }: AdaptedNetwork): Promise<string[]> {
  if (inference.kind === 'operator') return [];
  const { productDtype } = plan.method;
  const diagonal = await kernelDiagonal(linearization);
  const mean = diagonal.reduce((sum, value) => sum + value, 0) / diagonal.length;
  const rounding = hyperparameters.priorVariance * mean * kernelRounding(productDtype, diagonal.length);
  if (hyperparameters.noiseVariance >= rounding) return [];
  const remedy = productDtype === 'float32' ? 'use float64, or a larger noise variance' : 'use a larger noise variance';
  return [
    `the noise variance is below the rounding of a ${productDtype} kernel (${rounding.toPrecision(2)}), which decides means and variances in its place; ${remedy}`,
  ];
}

/** The last layer's predictions, or why it could not be fitted: a comparison that fails must not end an adaptation that did not. */
async function leaveOutLastLayer(
  { network, data, options, plan }: AdaptedNetwork,
  validation: Validation,
): Promise<TargetPredictions | NtkError> {
  const quiet = {
    ...options,
    layers: 'last',
    noise: 'learn',
    priorVariance: 'learn',
    outputs: 'full',
    dtype: plan.method.dtype,
    space: 'auto',
    solver: 'auto',
    needsLeaveOneOut: validation.kind === 'leave-one-out',
    plan: undefined,
    onProgress: () => undefined,
  } as const;
  try {
    using fit = await fitLinearized(network, data, quiet);
    return await predictLeftOut(fit, { network, data, options: quiet }, validation);
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
    const own = (values: Float64Array): Float64Array => pick(values, c, output);
    return gaussianScores({ mean: own(mean), variance: own(variance), y: own(y) }, level);
  });
}
