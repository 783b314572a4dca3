import { UnsupportedError } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import { fitLinearized } from '../fit/fit-linearized.ts';
import type { LinearizedFit } from '../fit/linearized-fit.ts';
import type { ResolvedOptions } from '../fit/options.ts';
import { pickExamples, pickRows } from '../fit/training-data.ts';
import type { TargetPredictions } from './target-predictions.ts';
import type { Validation } from './validation.ts';

/** The network, its data, and the options of a fit. */
export type Source = Pick<AdaptedNetwork, 'network' | 'data' | 'options'>;

/**
 * Predictions of the left-out examples, noise included, in the order of the validation: in closed form for leave-one-out, otherwise from one fit for each
 * fold, by the same method and with the variances of all data.
 *
 * @throws {UnsupportedError} if leave-one-out is asked of a posterior that has it not in closed form
 */
export async function predictLeftOut(
  fit: LinearizedFit,
  source: Source,
  validation: Validation,
): Promise<TargetPredictions> {
  if (validation.kind === 'leave-one-out') return leaveExamplesOut(fit);
  const { c } = fit.linearization;
  const mean = new Float64Array(validation.examples.length * c);
  const variance = new Float64Array(mean.length);
  let start = 0;
  for (const fold of validation.folds) {
    const part = await predictFold(fit, source, fold);
    mean.set(part.mean, start);
    variance.set(part.variance, start);
    start += fold.length * c;
  }
  return { mean, variance };
}

async function leaveExamplesOut({ inference, linearization: { c } }: LinearizedFit): Promise<TargetPredictions> {
  const { kind, posterior } = inference;
  if (kind === 'operator') {
    throw new UnsupportedError('it is known by products alone, which do not give leave-one-out');
  }
  // Outputs that are independent say nothing about each other: a row left out is an example left out.
  if (c === 1 || kind === 'independent' || kind === 'shared') return posterior.leaveOneOut();
  const { mean, covariance } = await posterior.leaveOneExampleOut(c);
  return { mean: mean.data, variance: mean.data.map((_, i) => covariance[(i - (i % c)) * c + (i % c) * (c + 1)]!) };
}

async function predictFold(
  fit: LinearizedFit,
  { network, data, options }: Source,
  fold: readonly number[],
): Promise<TargetPredictions> {
  const { n, c } = fit.linearization;
  const { method } = fit.plan;
  const isLeftOut = new Set(fold);
  const others = Array.from({ length: n }, (_, example) => example).filter((example) => !isLeftOut.has(example));
  const rest: ResolvedOptions = {
    ...options,
    ...method,
    preconditioner: method.preconditioner.kind,
    outputs: fit.outputs,
    noise: noiseOf(fit, options, others),
    priorVariance: fit.hyperparameters.priorVariance,
    plan: undefined,
    onProgress: () => undefined,
  };
  using refitted = await fitLinearized(network, pickExamples(data, others, n), rest);
  const { mean, variance } = await refitted.predict(pickExamples(data, fold, n).x);
  const noise = noiseOf(fit, options, fold);
  return { mean, variance: variance.map((value, i) => value + (noise[i] ?? noise[i % c]!)) };
}

/** The noise variances of some examples: those of their rows where they were given, otherwise those of the outputs. */
function noiseOf(
  { linearization: { n, c }, hyperparameters }: LinearizedFit,
  { noise }: ResolvedOptions,
  examples: readonly number[],
): Float64Array {
  const isByRow = noise instanceof Float64Array && noise.length === n * c && n > 1;
  return isByRow ? pickRows(noise, examples, c) : hyperparameters.noiseVariances;
}
