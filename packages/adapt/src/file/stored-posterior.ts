import type { JacobianQuery, KernelQuery, Posterior } from '@ntk/gp';
import { matrix, type Matrix } from '@ntk/linop';
import type { DType, Network } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import type { FeatureSchema } from '../features/schema.ts';
import type { MeanKind, Space } from '../fit/options.ts';
import { OptionError } from '@ntk/tensor';

/**
 * A posterior that predicts without its training data: a weight vector for the mean, and a root in parameter space for the variance.
 *
 * Mean: m(x) + J(x) w. Variance: s² ‖J(x)‖² − ‖U J(x)ᵀ‖² where the posterior was found in function space (U = s² L⁻¹J(X), A = LLᵀ, [N, p]),
 * ‖U J(x)ᵀ‖² where it was found in parameter space (UᵀU the covariance of the weights, [p, p]).
 */
export interface StoredPosterior {
  readonly network: Network;
  /** Layers whose parameters vary. */
  readonly layers: readonly string[];
  readonly mean: MeanKind;
  readonly space: Space;
  /** dtype of the products it was fitted with, and predicts with unless told otherwise. */
  readonly dtype: DType;
  readonly priorVariance: number;
  readonly noiseVariance: number;
  readonly weights: Float64Array;
  readonly root: Matrix;
  /** A constant prior mean: its value β [c], its covariance [c, c], and the weights that move with it [c, p]. */
  readonly constant?: StoredConstant;
  /** How tables become inputs, where the posterior was fitted to a table. */
  readonly features?: FeatureSchema;
  /** Training examples. */
  readonly examples: number;
}

/** The part of a posterior that an unknown constant in the mean brings. */
export interface StoredConstant {
  readonly value: Float64Array;
  readonly covariance: Matrix;
  /** Rows s² JᵀA⁻¹h for each column h of the constant's basis: what a unit of β takes away from the mean elsewhere. */
  readonly weights: Matrix;
}

/** Bytes of variance root beyond which a posterior is not stored. */
const MAX_ROOT_BYTES = 512 * 2 ** 20;

/**
 * Brings a posterior into a form that needs no training data.
 *
 * @throws {OptionError} if the root would exceed 512 MiB: adapt fewer layers, or fewer rows
 *
 * Cost: N products with Jᵀ.
 */
export async function storePosterior(
  adapted: AdaptedNetwork,
  options: { readonly features?: FeatureSchema } = {},
): Promise<StoredPosterior> {
  const { linearization, inference, hyperparameters, space, network } = adapted;
  if (inference.kind !== 'kernel' && inference.kind !== 'jacobian') {
    throw new OptionError(
      `the posterior was found by ${inference.kind} inference, expected a Cholesky factor of all outputs to store; adapt with outputs full and solver cholesky`,
    );
  }
  const { p, n } = linearization;
  const rootRows = space === 'function' ? n * linearization.c : p;
  if (rootRows * p * 8 > MAX_ROOT_BYTES) {
    throw new OptionError(
      `the posterior's variances need ${rootRows} × ${p} numbers (${Math.round((rootRows * p * 8) / 2 ** 20)} MiB), expected at most 512 MiB in a file; adapt fewer layers (--layers last) or fewer rows`,
    );
  }
  const { priorVariance, noiseVariance } = hyperparameters;
  const root = await inference.posterior.conditioning.root();
  return {
    network,
    layers: [...new Set(linearization.parameters.map(({ layer }) => layer))],
    mean: adapted.options.mean,
    space,
    dtype: linearization.dtype,
    priorVariance,
    noiseVariance,
    weights: (await adapted.weights()).data,
    root: space === 'function' ? await toWeightSpace(adapted, root) : root,
    ...(adapted.options.mean === 'constant' ? { constant: await storeConstant(adapted, inference.posterior) } : {}),
    ...(options.features === undefined ? {} : { features: options.features }),
    examples: n,
  };
}

async function storeConstant(
  adapted: AdaptedNetwork,
  posterior: Posterior<KernelQuery> | Posterior<JacobianQuery>,
): Promise<StoredConstant> {
  const { linearization, space } = adapted;
  const { c, n } = linearization;
  const { precisionRoot } = posterior.conditioning;
  const whitened = matrix(c, n * c);
  for (let i = 0; i < n * c; i++) whitened.data[(i % c) * n * c + i] = precisionRoot.blocks[i]!;
  const { coefficients } = await posterior.conditioning.solve(whitened);
  const weights = space === 'function' ? await toWeightSpace(adapted, coefficients) : coefficients;
  return { value: posterior.constant.slice(), covariance: posterior.constantCovariance, weights };
}

const ROWS_AT_ONCE = 32;

/** s² Jᵀu for each row u of a matrix [k, N], as rows [k, p]. */
async function toWeightSpace({ linearization, hyperparameters }: AdaptedNetwork, rows: Matrix): Promise<Matrix> {
  const { backend, dtype, jacobian, p } = linearization;
  const transpose = jacobian.transpose();
  const result = matrix(rows.rows, p);
  const size = Math.min(ROWS_AT_ONCE, rows.rows);
  for (let start = 0; start < rows.rows; start += size) {
    const count = Math.min(size, rows.rows - start);
    const block = new Float64Array(size * rows.columns);
    block.set(rows.data.subarray(start * rows.columns, (start + count) * rows.columns));
    using u = backend.upload(dtype === 'float64' ? block : Float32Array.from(block), [size, rows.columns]);
    using product = await transpose.matmul(u);
    const data = await backend.read(product);
    for (let i = 0; i < count * p; i++) result.data[start * p + i] = hyperparameters.priorVariance * data[i]!;
  }
  return result;
}
