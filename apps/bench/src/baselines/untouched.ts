import type { Baseline, BaselineData, FittedBaseline } from './baseline.ts';
import { checkOutputs, networkOutputs, type NetworkBaselineOptions } from './network-baseline.ts';
import { columnOf } from './outputs.ts';

/**
 * The network as it is. All it learns is a noise variance for each output, the mean squared error on the target examples, so that it has a
 * predictive density to be scored by.
 *
 * `learned` holds noiseVariance.
 */
export function untouchedNetwork(options: NetworkBaselineOptions): Baseline {
  return { name: 'untouched network', fit: (data) => fit(data, options) };
}

async function fit(data: BaselineData, options: NetworkBaselineOptions): Promise<FittedBaseline> {
  const c = checkOutputs('untouchedNetwork', data, options.network);
  const outputs = await networkOutputs(options, data.x);
  const squared = data.y.map((value, i) => (value - outputs[i]!) ** 2);
  const variances = Array.from({ length: c }, (_, a) =>
    columnOf(squared, c, a).reduce((sum, value) => sum + value / data.n, 0),
  );
  const dispose = (): void => undefined;
  return {
    name: 'untouched network',
    learned: variances.map((noiseVariance) => ({ noiseVariance })),
    predict: async (x) => {
      const mean = await networkOutputs(options, x);
      return { mean, variance: mean.map((_, i) => variances[i % c]!) };
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
