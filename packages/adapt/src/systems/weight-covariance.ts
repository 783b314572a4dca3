import { cachedWeightCovariance, weightCovariance } from '@ntk/gp';
import { gemm, type Matrix } from '@ntk/linop';
import { OptionError, type Backend } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import { storeConstant } from '../file/store-variance.ts';
import type { StoredConstant, StoredPosterior, WeightRoot } from '../file/stored-posterior.ts';
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
 * That of each Gaussian process of a stored posterior.
 *
 * @throws {OptionError} if it was stored without roots
 */
export function storedWeights({ variance }: StoredPosterior, backend: Backend): WeightCovariance[] {
  if (variance.kind !== 'root') {
    throw new OptionError(
      `got a posterior stored with variance ${variance.kind}, expected root or exact: others do not say how rows depend on each other`,
    );
  }
  return variance.roots.map(({ root, constant }) => ({
    times: (rows) => timesRoot(root, rows, backend),
    constant,
  }));
}

async function timesRoot(root: WeightRoot, rows: Matrix, backend: Backend): Promise<Matrix> {
  if (root.form === 'cached') return cachedWeightCovariance(root.cache, rows, { backend });
  return gemm(gemm(rows, root.root, { transposeB: true }), root.root);
}
