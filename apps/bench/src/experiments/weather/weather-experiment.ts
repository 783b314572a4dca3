import { adapt, compareErrors, verdict, type AdaptedNetwork, type Verdict } from '@ntk/adapt';
import { gaussianScores, type GaussianScores } from '@ntk/gp';
import { OptionError, Rng, type Backend } from '@ntk/tensor';
import type { Baseline, BaselinePrediction } from '../../baselines/baseline.ts';
import { lastLayerRidge } from '../../baselines/last-layer.ts';
import { rbfGp } from '../../baselines/rbf-gp.ts';
import { untouchedNetwork } from '../../baselines/untouched.ts';
import { encodeDays, trainSource, type SourceNetwork } from './source-network.ts';
import { loadWeather, type WeatherDay } from './weather-data.ts';

/** Settings of the experiment. */
export interface WeatherOptions {
  readonly backend: Backend;
  /** Labelled days of the target city; 40 by default. */
  readonly days?: number;
  /** Of the split, the network's start, the order of training, the labelled days; 0 by default. */
  readonly seed?: number;
  /** Level of the intervals; 0.95 by default. */
  readonly level?: number;
  /** Called when a stage begins. */
  readonly onStage?: (name: string) => void;
}

/** What one way to predict does on the held-out days. */
export interface MethodResult {
  readonly method: string;
  /** Mean and variance (noise included) on the held-out days, °C and °C². */
  readonly prediction: BaselinePrediction;
  readonly scores: GaussianScores;
}

/** Everything that came out; the caller disposes it. */
export interface WeatherResult {
  readonly source: SourceNetwork;
  readonly adapted: AdaptedNetwork;
  readonly labelled: readonly WeatherDay[];
  readonly heldOut: readonly WeatherDay[];
  /** First the adapted network, then what it is compared with. */
  readonly methods: readonly MethodResult[];
  readonly verdict: Verdict | undefined;
  /** Stages in order, with the time each took. */
  readonly stages: readonly { readonly name: string; readonly timeMs: number }[];
  /** One sentence on what came out, good or bad. */
  readonly sentence: string;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** The name of the adapted network among the methods. */
export const ADAPTED = 'adapted network';

/**
 * Daily maximum temperature from Seattle to New York: trains a network on all days of Seattle, adapts it to a few dozen days of New York, and
 * compares it on all other days with the untouched network, its last layer refitted, and a Gaussian process with an RBF kernel.
 *
 * The stand-in, with data that anyone may ship, for the malaria experiment of Maddox et al. (2021), section 5.2.
 */
export async function weatherExperiment(options: WeatherOptions): Promise<WeatherResult> {
  const { backend, days = 40, seed = 0, level = 0.95 } = options;
  const rng = new Rng(seed);
  const stages = new Stages(options.onStage);
  const [seattle, newYork] = await stages.run('read the data', () =>
    Promise.all([loadWeather('Seattle'), loadWeather('New York')]),
  );
  if (!Number.isInteger(days) || days < 5 || days > newYork.length / 2) {
    throw new OptionError(`days: got ${days}, expected an integer from 5 to ${Math.floor(newYork.length / 2)}`);
  }
  const { labelled, heldOut } = splitDays(newYork, days, rng.fork('days'));
  const source = await stages.run('train on Seattle', () => trainSource(seattle, { backend, rng: rng.fork('source') }));
  const train = encodeDays(source.features, labelled);
  const test = encodeDays(source.features, heldOut);
  const score = (method: string, prediction: BaselinePrediction): MethodResult => {
    const { mean, variance } = prediction;
    return { method, prediction, scores: gaussianScores({ mean, variance, y: test.y }, level) };
  };
  const adapted = await stages.run('adapt to New York', () => adapt(source.network, train, { backend }));
  try {
    const own = await stages.run('predict', () => predictTargets(adapted, test.x));
    const judged = await stages.run('leave-one-out verdict', () => verdict(adapted, { level }));
    const network = { network: source.network, backend };
    const baselines = [untouchedNetwork(network), lastLayerRidge(network), rbfGp({ rng: rng.fork('rbf') })];
    const others: MethodResult[] = [];
    for (const baseline of baselines) {
      others.push(
        score(
          baseline.name,
          await stages.run(`compare: ${baseline.name}`, () =>
            fitAndPredict(baseline, { ...train, n: labelled.length }, test.x),
          ),
        ),
      );
    }
    const methods = [score(ADAPTED, own), ...others];
    const dispose = (): void => adapted.dispose();
    const sentence = summarize(methods, test.y, days);
    return {
      source,
      adapted,
      labelled,
      heldOut,
      methods,
      verdict: judged,
      stages: stages.done,
      sentence,
      dispose,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    adapted.dispose();
    throw error;
  }
}

async function predictTargets(adapted: AdaptedNetwork, x: Float64Array): Promise<BaselinePrediction> {
  const { mean, variance } = await adapted.predict(x);
  const { noiseVariance } = adapted.hyperparameters;
  return { mean, variance: variance.map((value) => value + noiseVariance) };
}

async function fitAndPredict(
  baseline: Baseline,
  data: Parameters<Baseline['fit']>[0],
  x: Float64Array,
): Promise<BaselinePrediction> {
  using fitted = await baseline.fit(data);
  return await fitted.predict(x);
}

/** A few days drawn at random, in order of date, and all others. */
function splitDays(
  days: readonly WeatherDay[],
  count: number,
  rng: Rng,
): { labelled: WeatherDay[]; heldOut: WeatherDay[] } {
  const chosen = new Set(rng.permutation(days.length).slice(0, count));
  return { labelled: days.filter((_, i) => chosen.has(i)), heldOut: days.filter((_, i) => !chosen.has(i)) };
}

/** One sentence; two methods are told apart where their squared errors, day by day, differ by more than two standard errors. */
function summarize(methods: readonly MethodResult[], observed: Float64Array, days: number): string {
  const [own, ...others] = methods as [MethodResult, ...MethodResult[]];
  const degrees = (value: number): string => value.toFixed(2);
  const describe = (other: MethodResult): string => {
    const { gain, standardError } = compareErrors(observed, {
      before: other.prediction.mean,
      after: own.prediction.mean,
      c: 1,
    });
    const relation =
      gain > 2 * standardError ? 'better than' : gain < -2 * standardError ? 'worse than' : 'not distinguishable from';
    return `${relation} the ${other.method} (${degrees(other.scores.rmse.value)})`;
  };
  const { rmse, level, coverage } = own.scores;
  return (
    `With ${days} days of New York the adapted network predicts the other ${observed.length} days with an RMSE of ${degrees(rmse.value)} °C: ` +
    `${others.map(describe).join(', ')}; its ${Math.round(level * 100)} % intervals hold ${(100 * coverage.value).toFixed(1)} % of them.`
  );
}

/** Runs named stages and keeps the time of each. */
class Stages {
  readonly done: { name: string; timeMs: number }[] = [];
  readonly #onStage: (name: string) => void;

  constructor(onStage: ((name: string) => void) | undefined) {
    this.#onStage = onStage ?? (() => undefined);
  }

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#onStage(name);
    const start = performance.now();
    const result = await work();
    this.done.push({ name, timeMs: performance.now() - start });
    return result;
  }
}
