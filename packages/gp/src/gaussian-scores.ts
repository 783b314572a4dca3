import { OptionError } from '@ntk/tensor';
import { checkVector } from './checks.ts';
import { normalQuantile } from './normal-quantile.ts';

/** An average over rows and the standard error of that average. */
export interface Score {
  readonly value: number;
  /** Standard error from the spread over rows, taken as independent; NaN for fewer than two rows. */
  readonly standardError: number;
}

/** How well Gaussian predictive distributions fit what was observed. */
export interface GaussianScores {
  readonly rows: number;
  /** Root mean squared error, in the units of y; its standard error by the delta method. */
  readonly rmse: Score;
  /** Mean absolute error, in the units of y. */
  readonly mae: Score;
  /** Negative log predictive density a row, in nats: ½ log 2πv + (y − m)²/2v. */
  readonly nlpd: Score;
  /** Share of rows inside the central interval of the given level. */
  readonly coverage: Score;
  /** Mean width of that interval, in the units of y. */
  readonly width: Score;
  /** The level asked for, such as 0.95. */
  readonly level: number;
}

/** Predictive distributions and observations, all [M]. */
export interface ScoredPredictions {
  readonly mean: Float64Array;
  /** Variance of y: noise included. */
  readonly variance: Float64Array;
  readonly y: Float64Array;
}

/**
 * Scores Gaussian predictions against observations.
 *
 * @param level - of the central interval, in (0, 1)
 * @throws {ShapeError} if lengths differ
 * @throws {NumericalError} with status `non-finite-input` if a number is NaN or infinite
 * @throws {OptionError} if there is no row, a variance is not positive, or the level is not in (0, 1)
 *
 * Source: Rasmussen & Williams (2006), section 2.5 (scores); standard errors of means of independent rows.
 */
export function gaussianScores({ mean, variance, y }: ScoredPredictions, level = 0.95): GaussianScores {
  const rows = y.length;
  if (rows === 0) throw new OptionError('gaussianScores: got no rows, expected at least one');
  if (!(level > 0 && level < 1))
    throw new OptionError(`gaussianScores: got the level ${level}, expected a number in (0, 1)`);
  for (const [name, values] of Object.entries({ mean, variance, y })) checkVector(values, rows, name);
  const bad = variance.findIndex((value) => value <= 0);
  if (bad >= 0) {
    throw new OptionError(
      `variance: got ${variance[bad]} for row ${bad}, expected a positive variance; add the noise variance`,
    );
  }
  const z = normalQuantile(0.5 + level / 2);
  const error = y.map((value, i) => value - mean[i]!);
  const squared = meanOf(error.map((e) => e * e));
  const rmse = Math.sqrt(squared.value);
  return {
    rows,
    level,
    rmse: { value: rmse, standardError: rmse === 0 ? squared.standardError : squared.standardError / (2 * rmse) },
    mae: meanOf(error.map(Math.abs)),
    nlpd: meanOf(error.map((e, i) => 0.5 * (Math.log(2 * Math.PI * variance[i]!) + (e * e) / variance[i]!))),
    coverage: meanOf(error.map((e, i) => (Math.abs(e) <= z * Math.sqrt(variance[i]!) ? 1 : 0))),
    width: meanOf(variance.map((v) => 2 * z * Math.sqrt(v))),
  };
}

function meanOf(values: Float64Array): Score {
  const n = values.length;
  const value = values.reduce((sum, each) => sum + each, 0) / n;
  const spread = values.reduce((sum, each) => sum + (each - value) ** 2, 0);
  return { value, standardError: Math.sqrt(spread / (n - 1) / n) };
}
