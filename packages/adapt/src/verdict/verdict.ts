import { gaussianScores, type GaussianScores } from '@ntk/gp';
import type { AdaptedNetwork } from '../adapt.ts';
import { fitLinearized, type LinearizedFit } from '../fit/linearized-fit.ts';
import { leaveOneOutConstant, leaveOneOutUntouched } from './baselines.ts';
import type { TargetPredictions } from './target-predictions.ts';
import { compareErrors, type Comparison } from './comparison.ts';

/** Ways to predict that the verdict compares. */
export type Method = 'constant' | 'untouched network' | 'last layer' | 'adapted network';

/** Leave-one-out scores of one method, one entry for each output. */
export interface MethodScores {
  readonly method: Method;
  readonly scores: readonly GaussianScores[];
}

/** Whether adapting was worth it, by leave-one-out on the target data. */
export interface Verdict {
  readonly conclusion: 'better' | 'not distinguishable' | 'worse';
  /** One sentence for people. */
  readonly sentence: string;
  /** What else should be looked at, such as a network that does worse than a constant. */
  readonly warnings: readonly string[];
  readonly methods: readonly MethodScores[];
  /** The paired comparison of squared errors that the conclusion rests on: untouched network against adapted network. */
  readonly comparison: Comparison;
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
  const predictions: [Method, TargetPredictions][] = [
    ['constant', leaveOneOutConstant(data.y, c)],
    ['untouched network', leaveOneOutUntouched(data.y, f, c)],
    ['last layer', await leaveOneOutLastLayer(adapted)],
    ['adapted network', leftOut],
  ];
  const methods = predictions.map(([method, predicted]) => ({
    method,
    scores: scoreOutputs(data.y, predicted, { c, level: options.level ?? 0.95 }),
  }));
  const comparison = compareErrors(data.y, { before: f, after: leftOut.mean, c });
  return { ...conclude(comparison, methods, n), warnings: warningsOf(methods), methods, comparison, leftOut };
}

async function leaveExamplesOut({ posterior }: LinearizedFit, c: number): Promise<TargetPredictions> {
  if (c === 1) return posterior.leaveOneOut();
  const { mean, covariance } = await posterior.leaveOneExampleOut(c);
  return { mean: mean.data, variance: mean.data.map((_, i) => covariance[(i - (i % c)) * c + (i % c) * (c + 1)]!) };
}

async function leaveOneOutLastLayer({ network, data, options }: AdaptedNetwork): Promise<TargetPredictions> {
  using fit = await fitLinearized(network, data, {
    ...options,
    layers: 'last',
    noise: 'learn',
    priorVariance: 'learn',
    space: 'auto',
    onProgress: () => undefined,
  });
  return await leaveExamplesOut(fit, fit.linearization.c);
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

function conclude(
  comparison: Comparison,
  methods: readonly MethodScores[],
  n: number,
): Pick<Verdict, 'conclusion' | 'sentence'> {
  const errors = (method: Method): string =>
    methods
      .find((entry) => entry.method === method)!
      .scores.map(({ rmse }) => short(rmse.value))
      .join(', ');
  const change = `leave-one-out RMSE ${errors('untouched network')} untouched, ${errors('adapted network')} adapted (${n} examples)`;
  if (comparison.gain > 2 * comparison.standardError) {
    return { conclusion: 'better', sentence: `Adapting helps: ${change}.` };
  }
  if (comparison.gain < -2 * comparison.standardError) {
    return { conclusion: 'worse', sentence: `Keep your old model: adapting makes it worse, ${change}.` };
  }
  return {
    conclusion: 'not distinguishable',
    sentence: `Not distinguishable from the untouched network: ${change}; keep your old model unless more data say otherwise.`,
  };
}

function warningsOf(methods: readonly MethodScores[]): string[] {
  const scores = (method: Method): readonly GaussianScores[] =>
    methods.find((entry) => entry.method === method)!.scores;
  const worse = scores('untouched network').some(
    ({ rmse }, output) => rmse.value > scores('constant')[output]!.rmse.value,
  );
  return worse
    ? [
        'the untouched network predicts worse than a constant; most often its inputs or outputs are scaled differently from these data',
      ]
    : [];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
