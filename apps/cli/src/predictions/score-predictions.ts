import { hasTargets, readTargets, type FeatureSchema, type Table } from '@ntk/adapt';
import { gaussianScores, type GaussianScores } from '@ntk/gp';
import type { TargetPrediction } from './target-prediction.ts';

/** Scores of one target against what a table holds. */
export interface TargetScores {
  readonly target: string;
  readonly scores: GaussianScores;
}

/**
 * The targets of a table to score, read before anything is computed; one array each, NaN where missing.
 *
 * @returns undefined where the table has no targets
 * @throws {FormatError} if a target is neither a number nor missing
 */
export function observedTargets(schema: FeatureSchema, table: Table): Float64Array[] | undefined {
  if (!hasTargets(schema, table)) return undefined;
  return readTargets({ targets: schema.targets, missing: 'drop' }, table);
}

/**
 * Scores predictions against what was observed; rows whose target is missing do not count.
 *
 * @param observed - one array for each target with an entry for each row of the table, NaN where missing
 * @param rows - rows of the table that the predictions are for
 * @returns nothing for a target without any observation
 */
export function scorePredictions(
  predictions: readonly TargetPrediction[],
  {
    observed,
    rows,
    interval,
  }: {
    readonly observed: readonly Float64Array[];
    readonly rows: readonly number[];
    readonly interval: number;
  },
): TargetScores[] {
  return predictions.flatMap(({ target, mean, totalVariance }, output) => {
    const known = rows.flatMap((row, i) => (Number.isNaN(observed[output]![row]!) ? [] : [i]));
    if (known.length === 0) return [];
    const pick = (values: Float64Array) => Float64Array.from(known, (i) => values[i]!);
    const y = Float64Array.from(known, (i) => observed[output]![rows[i]!]!);
    return [{ target, scores: gaussianScores({ mean: pick(mean), variance: pick(totalVariance), y }, interval) }];
  });
}
