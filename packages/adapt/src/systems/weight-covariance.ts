import { weightCovariance } from '@ntk/gp';
import type { Matrix } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import { storeConstant } from '../file/store-variance.ts';
import type { StoredConstant, StoredRoot, StoredVariance } from '../file/stored-posterior.ts';
import type { PlacedRoots } from '../file/stored-root.ts';
import { outputSystems } from './output-systems.ts';

/** The posterior covariance of the weights of one Gaussian process, and what unknown constants in its mean add. */
export interface WeightCovariance {
  /** Its product with each row j of [k, features]. */
  readonly times: (rows: Matrix) => Promise<Matrix>;
  readonly constant: StoredConstant | undefined;
}

/** That of each Gaussian process of an adapted network; the same object where outputs have it in common. They borrow from it. */
export async function adaptedWeights(adapted: AdaptedNetwork): Promise<WeightCovariance[]> {
  const made = new Map<object, WeightCovariance>();
  const result: WeightCovariance[] = [];
  for (const system of await outputSystems(adapted)) {
    const found = made.get(system.weights) ?? {
      times: (rows: Matrix) => weightCovariance(system.weights, rows),
      constant: system.targets.priorMean?.kind === 'constant' ? await storeConstant(system) : undefined,
    };
    made.set(system.weights, found);
    result.push(found);
  }
  return result;
}

/**
 * The roots of a stored posterior.
 *
 * @throws {OptionError} if it was stored without them
 */
export function rootsOf(variance: StoredVariance): readonly StoredRoot[] {
  if (variance.kind === 'root') return variance.roots;
  throw new OptionError(
    `got a posterior stored with variance ${variance.kind}, expected root or exact: others do not say how rows depend on each other; store it with a root (--save-variance root)`,
  );
}

/** That of each Gaussian process of a stored posterior. They borrow its roots. */
export function storedWeights({ roots }: PlacedRoots): WeightCovariance[] {
  return roots.map(({ timesCovariance, constant }) => ({ times: timesCovariance, constant }));
}
