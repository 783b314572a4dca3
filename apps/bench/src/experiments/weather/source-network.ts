import { encodeExamples, fitFeatures, type EncodedExamples, type FeatureSchema } from '@ntk/adapt';
import { denseNetwork } from '@ntk/models';
import type { Backend, Network, Rng } from '@ntk/tensor';
import { adam, train } from '@ntk/train';
import { TARGET, WEATHER_KINDS, weatherTable, type WeatherDay } from './weather-data.ts';

/** A network trained on the source city, and how its inputs are made from a table. */
export interface SourceNetwork {
  readonly network: Network;
  readonly features: FeatureSchema;
  /** Root mean squared error on the days kept for early stopping, °C. */
  readonly validationRmse: number;
  readonly epochs: number;
}

const HIDDEN = [32, 32];
const VALIDATION_SHARE = 0.2;

/**
 * Trains a small network (tanh, two hidden layers of 32) on a city's days; a fifth of them decide when to stop.
 *
 * Cost: about a second.
 */
export async function trainSource(
  days: readonly WeatherDay[],
  options: { readonly backend: Backend; readonly rng: Rng },
): Promise<SourceNetwork> {
  const { backend, rng } = options;
  const features = sourceFeatures(days);
  const order = rng.fork('split').permutation(days.length);
  const kept = Math.round(VALIDATION_SHARE * days.length);
  const encode = (chosen: readonly number[]): EncodedExamples =>
    encodeDays(
      features,
      chosen.map((i) => days[i]!),
    );
  const untrained = denseNetwork({
    inputs: encode([0]).width,
    hidden: HIDDEN,
    outputs: 1,
    rng: rng.fork('start'),
    name: 'seattle',
  });
  const { network, history, bestEpoch } = await train(untrained, encode(order.slice(kept)), {
    backend,
    epochs: 300,
    batchSize: 64,
    optimizer: adam({ learningRate: 0.01 }),
    rng: rng.fork('order'),
    validation: encode(order.slice(0, kept)),
    earlyStopping: { patience: 25 },
  });
  const best = history.find(({ epoch }) => epoch === bestEpoch)!;
  return { network, features, validationRmse: Math.sqrt(best.validationLoss!), epochs: history.length };
}

/** Inputs and target of some days. */
export function encodeDays(features: FeatureSchema, days: readonly WeatherDay[]): EncodedExamples {
  const table = weatherTable(days, 'weather.csv');
  return encodeExamples(features, { inputs: table, targets: table });
}

/** Numbers are standardised with the source city's mean and scale; the kinds of weather become an input each. */
function sourceFeatures(days: readonly WeatherDay[]): FeatureSchema {
  const table = weatherTable(days, 'weather.csv');
  const precipitation = moments(days.map((day) => day.precipitation));
  const wind = moments(days.map((day) => day.wind));
  return fitFeatures({ inputs: table, targets: table }, [TARGET], {
    inputs: ['season_sin', 'season_cos', 'precipitation', 'wind', 'weather'],
    oneHot: { weather: WEATHER_KINDS },
    scaler: {
      mean: { precipitation: precipitation.mean, wind: wind.mean },
      scale: { precipitation: precipitation.deviation, wind: wind.deviation },
    },
  });
}

function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}
