import { checkVector } from './checks.ts';
import type { Noise } from './noise.ts';
import type { Targets } from './posterior.ts';
import type { PriorMean } from './prior-mean.ts';
import { concatenate } from './vector.ts';

/** Targets of rows that are added to a posterior. */
export interface AppendedTargets {
  /** Targets of the new rows, [k]. */
  readonly yNew: Float64Array;
  /** Noise of the new rows, in the form of that of the old ones. */
  readonly noise: Noise;
  /** Mean of the prior at the new rows, [k], where it is `fixed`; zero by default. Ignored where it is `constant`. */
  readonly priorMean?: Float64Array;
}

/** Old targets, then new ones; a copy. @throws {ShapeError | NumericalError} if the new ones do not fit or are not finite */
export function appendTargets(
  { yTrain, priorMean }: Targets,
  { yNew, priorMean: newMean }: Pick<AppendedTargets, 'yNew' | 'priorMean'>,
): Targets {
  checkVector(yNew, yNew.length, 'yNew');
  const y = concatenate(yTrain, yNew);
  if (priorMean?.kind === 'constant') return { yTrain: y, priorMean };
  if (newMean !== undefined) checkVector(newMean, yNew.length, 'priorMean');
  if (priorMean === undefined && newMean === undefined) return { yTrain: y };
  const old = priorMean?.values ?? new Float64Array(yTrain.length);
  return {
    yTrain: y,
    priorMean: { kind: 'fixed', values: concatenate(old, newMean ?? new Float64Array(yNew.length)) },
  };
}

/** Targets that later changes of the caller's arrays do not reach. */
export function copyTargets({ yTrain, priorMean }: Targets): Targets {
  return { yTrain: yTrain.slice(), ...(priorMean === undefined ? {} : { priorMean: copyMean(priorMean) }) };
}

function copyMean(mean: PriorMean): PriorMean {
  return mean.kind === 'fixed' ? { kind: 'fixed', values: mean.values.slice() } : mean;
}
