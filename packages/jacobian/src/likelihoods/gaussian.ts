import { OptionError, ShapeError } from '@ntk/tensor';
import type { Likelihood } from './likelihood.ts';

/**
 * Gaussian noise: y ~ N(η, σ²).
 *
 * @param noiseVariance - σ² in squared units of y: one value, or one for each row [n·c]
 * @throws {OptionError} if a variance is not positive
 */
export function gaussianLikelihood(noiseVariance: number | Float64Array): Likelihood {
  const variances = typeof noiseVariance === 'number' ? undefined : noiseVariance;
  const variance = (i: number): number => variances?.[i] ?? (noiseVariance as number);
  for (const value of variances ?? [noiseVariance as number]) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new OptionError(`gaussianLikelihood: got a noise variance of ${value}, expected a positive number`);
  }
  const check = (rows: number): void => {
    if (variances !== undefined && variances.length !== rows) {
      throw new ShapeError(
        `gaussianLikelihood: got ${rows} rows, expected ${variances.length}, one for each noise variance`,
      );
    }
  };
  return {
    name: 'gaussian',
    mean: (eta) => eta.slice(),
    value: (eta, y) => {
      check(eta.length);
      return eta.reduce(
        (sum, value, i) => sum + ((y[i]! - value) ** 2 / variance(i) + Math.log(2 * Math.PI * variance(i))) / 2,
        0,
      );
    },
    gradient: (eta, y) => {
      check(eta.length);
      return eta.map((value, i) => (value - y[i]!) / variance(i));
    },
    curvature: (eta, v) => {
      check(eta.length);
      return v.map((value, i) => value / variance(i % eta.length));
    },
  };
}
