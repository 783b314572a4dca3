import { NumericalError } from '@ntk/linop';
import { OptionError, formatBytes, type Rng } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import type { FeatureSchema } from '../features/schema.ts';
import { weightRows } from '../systems/combine-outputs.ts';
import { outputSystems, type OutputSystem } from '../systems/output-systems.ts';
import { storeRoots, storeSamples } from './store-variance.ts';
import type { StoredPosterior, StoredVariance } from './stored-posterior.ts';

/**
 * What to store for variances.
 *
 * `auto`: the exact root if it fits, else a root of the largest rank that fits, else none. `root`: a root, of some rank or as `auto` chooses it.
 * `samples`: functions drawn from the posterior, 256 or as many as fit. `exact`: the training data themselves. `none`: means only.
 */
export type VarianceChoice =
  | { readonly kind: 'auto' | 'exact' | 'none' }
  | { readonly kind: 'root'; readonly rank?: number }
  | { readonly kind: 'samples'; readonly count?: number };

/** What a stored posterior holds. */
export interface StoreOptions {
  /** How tables become inputs. */
  readonly features?: FeatureSchema;
  /** 'auto' unless named. */
  readonly variance?: VarianceChoice;
  /** Most bytes for variances; 512 MiB unless named. Data that the caller asked for are never cut. */
  readonly maxBytes?: number;
  /** Draws the samples; a fixed stream unless given. */
  readonly rng?: Rng;
}

const MAX_BYTES = 512 * 2 ** 20;
/** Rows below which a root is not worth its bytes. */
const LEAST_RANK = 16;
/** Samples below which their variance says little: half as much or twice as much are within its interval. */
const LEAST_SAMPLES = 16;
const SAMPLES = 256;

/**
 * Brings a posterior into a form that needs no training data, unless these are what is stored.
 *
 * @throws {OptionError} if what was asked for does not fit, with what would
 * @throws {NumericalError} if the weights are not finite
 *
 * Cost: see `storeRoots` and `storeSamples`.
 */
export async function storePosterior(adapted: AdaptedNetwork, options: StoreOptions = {}): Promise<StoredPosterior> {
  const { linearization, hyperparameters, inference, space, network, outputs, plan } = adapted;
  const weights = await adapted.weights();
  if (!weights.data.every(Number.isFinite)) {
    throw new NumericalError(
      'storePosterior: the weights of the posterior are not finite, expected finite numbers; check the scales of inputs and targets',
      'non-finite-input',
    );
  }
  return {
    network,
    layers: [...new Set(linearization.parameters.map(({ layer }) => layer))],
    outputs,
    mean: adapted.options.mean,
    space,
    solver: plan.method.solver,
    dtype: linearization.dtype,
    productDtype: plan.method.productDtype,
    priorVariance: hyperparameters.priorVariance,
    noiseVariance: hyperparameters.noiseVariance,
    noiseVariances: hyperparameters.noiseVariances.slice(),
    examples: linearization.n,
    weights,
    constant: inference.posterior.constant.slice(),
    variance: await storeVariance(adapted, options),
    ...(options.features === undefined ? {} : { features: options.features }),
  };
}

async function storeVariance(adapted: AdaptedNetwork, options: StoreOptions): Promise<StoredVariance> {
  const { variance: choice = { kind: 'auto' }, maxBytes = MAX_BYTES, rng } = options;
  switch (choice.kind) {
    case 'none':
      return { kind: 'none' };
    case 'exact': {
      const { data, inference, options: how } = adapted;
      const { noise, rtol } = how;
      const own = noise instanceof Float64Array && noise.length === data.y.length;
      const unknowns = inference.kind === 'operator' ? inference.posterior.unknowns : undefined;
      return {
        kind: 'exact',
        data,
        ...(own ? { noise } : {}),
        ...(rtol === undefined ? {} : { rtol }),
        ...(unknowns === undefined ? {} : { unknowns }),
      };
    }
    case 'samples': {
      const systems = await outputSystems(adapted);
      return await storeSamples(adapted, systems, { count: sampleCount(adapted, maxBytes, choice.count), rng });
    }
    default: {
      const systems = await outputSystems(adapted);
      const given = choice.kind === 'root' ? choice.rank : undefined;
      if (given !== undefined) return await storeRoots(adapted, systems, given);
      const rank = rankThatFits(systems, maxBytes);
      if (rank === 'exact' || rank >= leastRank(systems)) return await storeRoots(adapted, systems, rank);
      if (choice.kind === 'auto') return { kind: 'none' };
      throw new OptionError(
        `the variances fit ${rank} rows of ${systems[0]!.jacobian.shape[1]} numbers into ${formatBytes(maxBytes)}, expected at least ${LEAST_RANK}; adapt fewer layers (--layers last), or store samples or the data`,
      );
    }
  }
}

// All rows are worth it, few as they may be.
function leastRank(systems: readonly OutputSystem[]): number {
  return Math.min(LEAST_RANK, systems[0]!.jacobian.shape[0]);
}

/** The rank of roots whose bytes are within a limit. */
function rankThatFits(systems: readonly OutputSystem[], maxBytes: number): number | 'exact' {
  const distinct = [...new Map(systems.map((system) => [system.weights, system])).values()];
  const numbers = maxBytes / 8 / distinct.length;
  const [first] = distinct;
  const [rows, features] = first!.jacobian.shape;
  if (first!.weightRoot !== undefined && features * features <= numbers) return 'exact';
  if (first!.rowRoot !== undefined && rows * (features + rows) <= numbers) return 'exact';
  // rank·(features + rank) ≤ numbers
  const rank = Math.floor(Math.sqrt(numbers + (features / 2) ** 2) - features / 2);
  return Math.min(rank, rows);
}

function sampleCount({ linearization, outputs }: AdaptedNetwork, maxBytes: number, wanted: number | undefined): number {
  if (wanted !== undefined) {
    if (Number.isInteger(wanted) && wanted >= LEAST_SAMPLES) return wanted;
    throw new OptionError(`variance.count: got ${wanted} samples, expected an integer of at least ${LEAST_SAMPLES}`);
  }
  const { c, p } = linearization;
  const fit = Math.floor(maxBytes / 8 / (weightRows(outputs, c) * p));
  if (fit >= LEAST_SAMPLES) return Math.min(SAMPLES, fit);
  throw new OptionError(
    `the variances fit ${fit} samples of ${weightRows(outputs, c)} × ${p} numbers into ${formatBytes(maxBytes)}, expected at least ${LEAST_SAMPLES}; adapt fewer layers (--layers last), or allow more`,
  );
}
