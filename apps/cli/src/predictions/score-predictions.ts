import { readTargets, type FeatureSchema, type Table } from '@ntk/adapt';
import { gaussianScores, type GaussianScores } from '@ntk/gp';
import type { TargetPrediction } from './target-prediction.ts';

/** Scores of one target against what a table holds. */
export interface TargetScores {
  readonly target: string;
  readonly scores: GaussianScores;
}

/**
 * Scores predictions against the target columns of a table; rows whose target is missing do not count.
 *
 * @param rows - rows of the table that the predictions are for
 * @returns nothing for a target without any observation
 * @throws {FormatError} if a target is neither a number nor missing
 */
export function scorePredictions(
  predictions: readonly TargetPrediction[],
  {
    schema,
    table,
    rows,
    interval,
  }: {
    readonly schema: FeatureSchema;
    readonly table: Table;
    readonly rows: readonly number[];
    readonly interval: number;
  },
): TargetScores[] {
  const observed = readTargets({ targets: schema.targets, missing: 'drop' }, table);
  return predictions.flatMap(({ target, mean, totalVariance }, output) => {
    const known = rows.flatMap((row, i) => (Number.isNaN(observed[output]![row]!) ? [] : [i]));
    if (known.length === 0) return [];
    const pick = (values: Float64Array) => Float64Array.from(known, (i) => values[i]!);
    const y = Float64Array.from(known, (i) => observed[output]![rows[i]!]!);
    return [{ target, scores: gaussianScores({ mean: pick(mean), variance: pick(totalVariance), y }, interval) }];
  });
}
