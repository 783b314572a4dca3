import { allocate, asDType, type Tensor, type TypedArray } from '@ntk/tensor';
import { defineOperator, type LinearOperator } from '@ntk/linop';
import type { BatchProducts } from './batch-products.ts';
import type { LinearMaps } from './linear-maps.ts';

/** The rows of J and how they are split into batches. */
export interface JacobianLayout {
  /** Real examples of each batch. */
  readonly counts: readonly number[];
  /** [n·c, p] */
  readonly shape: readonly [rows: number, columns: number];
  /** Right-hand sides that are multiplied at a time. */
  readonly columns: number;
}

/**
 * J as an operator, [n·c, p]; its transpose is Jᵀ. Both go batch by batch: J stacks, Jᵀ sums (in float64).
 *
 * Cost of a product with k right-hand sides: about k forward passes for J, 2k for Jᵀ, without the network's nonlinear part; from factors half of that.
 */
export function jacobianOperator(maps: LinearMaps, products: BatchProducts, layout: JacobianLayout): LinearOperator {
  const [rows, columns] = layout.shape;
  const context = { maps, products, layout };
  const common = { dtype: maps.dtype, backend: maps.backend, tags: new Set<never>(), dispose: () => undefined };
  const forward: LinearOperator = defineOperator({
    ...common,
    name: 'J',
    shape: [rows, columns],
    matmul: (v) => inParts(context, v, (part) => stackRows(context, part)),
    transpose: () => backward,
  });
  const backward: LinearOperator = defineOperator({
    ...common,
    name: 'Jᵀ',
    shape: [columns, rows],
    matmul: (u) => inParts(context, u, (part) => sumBatches(context, part)),
    transpose: () => forward,
  });
  return forward;
}

/**
 * U ↦ J Jᵀ U, [k, n·c]. From the factors of one batch that holds all rows, in one Program without the vector of all parameters in between.
 *
 * Cost: that of a product with Jᵀ and one with J.
 */
export function kernelProduct(
  maps: LinearMaps,
  products: BatchProducts,
  layout: JacobianLayout,
): (u: Tensor) => Promise<Tensor> {
  const context = { maps, products, layout };
  const { kernel } = products;
  const isOneBatch = layout.shape[0] === maps.batchSize * maps.derivation.outputShape[1]!;
  if (kernel !== undefined && isOneBatch) return (u) => inParts(context, u, (part) => kernel(0, part));
  return async (u) => {
    using weights = await inParts(context, u, (part) => sumBatches(context, part)); // [k, p]
    return await inParts(context, weights, (part) => stackRows(context, part)); // awaited: the weights live until the product is done
  };
}

interface Context {
  readonly maps: LinearMaps;
  readonly products: BatchProducts;
  readonly layout: JacobianLayout;
}

/** Multiplies some right-hand sides at a time: parts of equal size where they can be, since each size is a Program of its own and engines keep what its runs took. */
async function inParts(
  { maps: { backend, dtype }, layout: { columns } }: Context,
  x: Tensor,
  multiply: (part: Tensor) => Promise<Tensor>,
): Promise<Tensor> {
  const [k, width] = x.shape as [number, number];
  if (k <= columns) return multiply(x);
  const size = Math.ceil(k / Math.ceil(k / columns));
  const data = await backend.read(x);
  const parts: TypedArray[] = [];
  for (let start = 0; start < k; start += size) {
    const end = Math.min(k, start + size);
    using part = backend.upload(data.slice(start * width, end * width), [end - start, width]);
    using product = await multiply(part);
    parts.push((await backend.read(product)).slice());
  }
  const height = parts[0]!.length / size;
  const joined = allocate(dtype, k * height);
  parts.forEach((part, i) => joined.set(part, i * size * height));
  return backend.upload(joined, [k, height]);
}

/** J V: the batches' products side by side, without the padded rows. */
async function stackRows({ maps, products, layout: { counts, shape } }: Context, v: Tensor): Promise<Tensor> {
  const k = v.shape[0]!;
  const total = shape[0];
  const c = maps.derivation.outputShape[1]!;
  const width = maps.batchSize * c;
  if (total === width) return products.tangent(0, v);
  const joined = allocate(maps.dtype, k * total);
  let start = 0;
  for (const [batch, count] of counts.entries()) {
    using part = await products.tangent(batch, v);
    const from = { data: await maps.backend.read(part), width, start: 0 };
    copyColumns(from, { data: joined, width: total, start }, count * c);
    start += count * c;
  }
  return maps.backend.upload(joined, [k, total]);
}

/** Jᵀ U: the sum over batches, whose padded rows meet zeros. */
async function sumBatches({ maps, products, layout: { counts, shape } }: Context, u: Tensor): Promise<Tensor> {
  const k = u.shape[0]!;
  const [total, p] = shape;
  const c = maps.derivation.outputShape[1]!;
  const width = maps.batchSize * c;
  if (total === width) return products.cotangent(0, u);
  const data = await maps.backend.read(u);
  const sum = new Float64Array(k * p);
  let start = 0;
  for (const [batch, count] of counts.entries()) {
    const part = allocate(maps.dtype, k * width);
    copyColumns({ data, width: total, start }, { data: part, width, start: 0 }, count * c);
    start += count * c;
    using rows = maps.backend.upload(part, [k, width]);
    using product = await products.cotangent(batch, rows);
    const terms = await maps.backend.read(product);
    for (let i = 0; i < sum.length; i++) sum[i]! += terms[i]!;
  }
  return maps.backend.upload(asDType(sum, maps.dtype), [k, p]);
}

/** Some columns of a row-major matrix. */
interface Columns {
  readonly data: TypedArray;
  readonly width: number;
  readonly start: number;
}

/** Copies `length` columns of every row from one matrix to another. */
function copyColumns(from: Columns, to: Columns, length: number): void {
  const rows = from.data.length / from.width;
  for (let row = 0; row < rows; row++) {
    const start = row * from.width + from.start;
    to.data.set(from.data.subarray(start, start + length), row * to.width + to.start);
  }
}
