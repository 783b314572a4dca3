import { join } from 'node:path';
import {
  bernoulliLikelihood,
  categoricalLikelihood,
  explicitJacobian,
  ggnOperator,
  gaussianLikelihood,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  type LayerSelection,
  type Linearization,
} from '@ntk/jacobian';
import type { LinearOperator } from '@ntk/linop';
import { readLayersModel } from '@ntk/models';
import { mulberryVector, type Reference } from '@ntk/reference';
import { asDType, type Backend, type DType } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { expect, test } from 'vitest';

/** Ten times the tolerance table of the golden values in float64; 1e-5 in float32. */
const TOLERANCE: Record<DType, { outputs: number; products: number }> = {
  float64: { outputs: 1e-12, products: 1e-11 },
  float32: { outputs: 1e-5, products: 1e-5 },
};

/** Where to compare. */
export interface ProductCase {
  readonly backend: string;
  readonly open: () => Promise<Backend>;
  readonly dtype: DType;
}

type Likelihoods = 'gaussian' | 'categorical' | 'bernoulli';

/** The inputs of a golden network. */
type Inputs = 'X' | 'Xstar';

/** Outputs, products, curvature products, diagonals and kernels of a golden network, as far as the reference has them. */
export function testGoldenProducts(reference: Reference, { backend: name, open, dtype }: ProductCase): void {
  test(`${name}, ${dtype}`, async () => {
    const network = await readLayersModel(join(reference.folder, 'model'));
    const before = network.values.map((values) => values.slice());
    const backend = trackTensors(await open());
    const { outputs, products } = TOLERANCE[dtype];
    const compare = new Comparison(reference, products);
    const at = (key: Inputs, layers: LayerSelection = 'all'): Promise<Linearization> =>
      linearize(network, reference.array(key).data, { backend, dtype, layers });
    {
      using train = await at('X');
      compare.near(await backend.read(train.outputs), 'f', outputs);
      compare.near(await apply(train.jacobian, compare.directions(train.p)), 'Jv');
      compare.nearParameters(await apply(train.jacobian.transpose(), reference.array('u').data), 'JTu');
      for (const likelihood of ['gaussian', 'categorical', 'bernoulli'] as const) {
        const key = `ggn_${likelihood}`;
        if (!compare.has(key)) continue;
        const ggn = await ggnOperator(train, likelihoodOf(likelihood, train.c));
        // Where a network is sure of its class, π(1 − π) carries only some of the digits of its outputs.
        const bound = likelihood === 'gaussian' ? products : 10 * products;
        compare.nearParameters(await apply(ggn, compare.directions(train.p)), key, bound);
      }
      if (compare.has('J')) compare.near((await explicitJacobian(train)).data, 'J');
      compare.near(await kernelDiagonal(train), 'ntk_diag');
    }
    if (reference.has('Xstar')) {
      using star = await at('Xstar');
      compare.near(await backend.read(star.outputs), 'fstar', outputs);
      compare.near(await apply(star.jacobian, compare.directions(star.p)), 'Jstar_v');
      compare.near(await kernelDiagonal(star), 'ntk_star_diag');
    }
    await compareKernels(compare, at);
    expect(backend.describeLive()).toEqual([]);
    // Nothing has touched the weights, nor the moving statistics of a normalisation.
    expect(network.values).toEqual(before);
  });
}

async function compareKernels(
  compare: Comparison,
  at: (key: Inputs, layers: LayerSelection) => Promise<Linearization>,
): Promise<void> {
  for (const [layers, key] of [
    ['all', 'ntk'],
    ['last', 'ntk_last'],
    [{ top: 2 }, 'ntk_top2'],
  ] as const) {
    using rows = await at('X', layers);
    compare.near((await kernelMatrix(rows)).data, key);
    if (!compare.has('Xstar')) continue;
    using columns = await at('Xstar', layers);
    compare.near((await kernelMatrix(columns, rows)).data, `${key}_cross`);
    compare.near((await kernelMatrix(columns)).data, `${key}_star`);
  }
}

function likelihoodOf(name: Likelihoods, classes: number): Parameters<typeof ggnOperator>[1] {
  if (name === 'gaussian') return gaussianLikelihood(1);
  return name === 'categorical' ? categoricalLikelihood(classes) : bernoulliLikelihood();
}

async function apply(operator: LinearOperator, data: Float64Array): Promise<Float64Array> {
  const { backend, dtype, shape } = operator;
  using block = backend.upload(asDType(data, dtype), [data.length / shape[1], shape[1]]);
  using product = await operator.matmul(block);
  return Float64Array.from(await backend.read(product));
}

/** Compares with the golden values of one network. */
class Comparison {
  readonly #reference: Reference;
  readonly #bound: number;
  readonly #made = new Map<string, Float64Array[]>();

  constructor(reference: Reference, bound: number) {
    this.#reference = reference;
    this.#bound = bound;
  }

  /** Whether there is a value, whole or in parts. */
  has(key: string): boolean {
    return this.#reference.has(key) || this.#reference.has(`${key}/sub`);
  }

  /** The directions v [3, p], stored or by their seeds. */
  directions(p: number): Float64Array {
    if (this.#reference.has('v')) return this.#reference.array('v').data;
    return joined(this.#vectors('v_mulberry32_seeds', p));
  }

  /** The vectors that the seeds of a manifest stand for; long ones take a while to make. */
  #vectors(seeds: string, length: number): Float64Array[] {
    const made = this.#made.get(seeds) ?? this.#reference.numbers(seeds).map((seed) => mulberryVector(seed, length));
    this.#made.set(seeds, made);
    return made;
  }

  near(actual: ArrayLike<number>, key: string, bound: number = this.#bound): void {
    expect(relativeError(actual, this.#reference.array(key).data), key).toBeLessThan(bound);
  }

  /** Three parameter vectors [3, p]; those of large networks are known by some entries, projections, and norms of their tensors. */
  nearParameters(actual: Float64Array, key: string, bound: number = this.#bound): void {
    if (this.#reference.has(key)) return this.near(actual, key, bound);
    const rows = [0, 1, 2].map((k) => actual.subarray((k * actual.length) / 3, ((k + 1) * actual.length) / 3));
    const indices = this.#reference.array('sub_index').data;
    this.near(joined(rows.map((row) => indices.map((i) => row[i]!))), `${key}/sub`, bound);
    const norms = rows.map((row) =>
      Float64Array.from(this.#reference.parameters(), ({ offset, size }) => norm(row.subarray(offset, offset + size))),
    );
    this.near(joined(norms), `${key}/tensor_norms`, bound);
    const probes = this.#vectors('projection_mulberry32_seeds', actual.length / 3);
    const projections = rows.map((row) => Float64Array.from(probes, (probe) => dot(row, probe)));
    // A projection of a long vector is smaller than the vector: its error counts against that.
    const size = Math.max(...rows.map(norm));
    const golden = this.#reference.array(`${key}/proj`).data;
    joined(projections).forEach((value, i) =>
      expect(Math.abs(value - golden[i]!), `${key}/proj`).toBeLessThan(10 * bound * size),
    );
  }
}

function joined(rows: readonly Float64Array[]): Float64Array {
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
