import { DTypeError, ShapeError, allocate, formatShape, type Tensor, type TypedArray } from '@ntk/tensor';
import type { LinearOperator } from '@ntk/linop';
import type { Batch, LinearMaps } from './linear-maps.ts';
import { cotangentProgram, tangentProgram } from './linear-programs.ts';

/**
 * J as an operator, [n·c, p]; its transpose is Jᵀ. Both go batch by batch: J stacks, Jᵀ sums (in float64).
 *
 * Cost of a product with k right-hand sides: about k forward passes for J, 2k for Jᵀ, without the network's nonlinear part.
 */
export function jacobianOperator(
  maps: LinearMaps,
  batches: readonly Batch[],
  shape: readonly [number, number],
): LinearOperator {
  const [rows, columns] = shape;
  const common = {
    dtype: maps.dtype,
    backend: maps.backend,
    tags: new Set<never>(),
    dispose: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
  const forward: LinearOperator = {
    ...common,
    shape: [rows, columns],
    matmul: async (v) => {
      checkOperand('J', forward, v);
      return stackRows(maps, batches, v);
    },
    transpose: () => backward,
  };
  const backward: LinearOperator = {
    ...common,
    shape: [columns, rows],
    matmul: async (u) => {
      checkOperand('Jᵀ', backward, u);
      return sumBatches(maps, batches, u);
    },
    transpose: () => forward,
  };
  return forward;
}

function checkOperand(name: string, operator: LinearOperator, x: Tensor): void {
  if (x.shape.length !== 2 || x.shape[1] !== operator.shape[1]) {
    throw new ShapeError(
      `${name}.matmul: got a tensor of shape ${formatShape(x.shape)}, expected [k, ${operator.shape[1]}]`,
    );
  }
  if (x.dtype !== operator.dtype)
    throw new DTypeError(`${name}.matmul: got ${x.dtype}, expected ${operator.dtype}, the dtype of the linearization`);
}

/** J V: the batches' products side by side, without the padded rows. */
async function stackRows(maps: LinearMaps, batches: readonly Batch[], v: Tensor): Promise<Tensor> {
  const k = v.shape[0]!;
  const c = maps.derivation.outputShape[1]!;
  const total = batches.reduce((sum, batch) => sum + batch.count * c, 0);
  const width = maps.batchSize * c;
  const only = batches.length === 1 && total === width;
  const joined = only ? undefined : allocate(maps.dtype, k * total);
  let start = 0;
  for (const batch of batches) {
    const [product] = await maps.run(`tangent${k}`, () => tangentProgram(maps.derivation, k), batch, [v]);
    if (joined === undefined) return product!;
    using part = product!;
    copyColumns(await maps.backend.read(part), width, 0, joined, total, start, batch.count * c);
    start += batch.count * c;
  }
  return maps.backend.upload(joined!, [k, total]);
}

/** Jᵀ U: the sum over batches, whose padded rows meet zeros. */
async function sumBatches(maps: LinearMaps, batches: readonly Batch[], u: Tensor): Promise<Tensor> {
  const [k, total] = u.shape as [number, number];
  const c = maps.derivation.outputShape[1]!;
  const width = maps.batchSize * c;
  const make = () => cotangentProgram(maps.derivation, k);
  if (batches.length === 1 && total === width) return (await maps.run(`cotangent${k}`, make, batches[0]!, [u]))[0]!;
  const data = await maps.backend.read(u);
  let sum: Float64Array | undefined;
  let start = 0;
  for (const batch of batches) {
    const part = allocate(maps.dtype, k * width);
    copyColumns(data, total, start, part, width, 0, batch.count * c);
    start += batch.count * c;
    using rows = maps.backend.upload(part, [k, width]);
    const [product] = await maps.run(`cotangent${k}`, make, batch, [rows]);
    using owned = product!;
    sum = accumulate(sum, await maps.backend.read(owned));
  }
  const result = maps.dtype === 'float64' ? sum! : new Float32Array(sum!);
  return maps.backend.upload(result, [k, result.length / k]);
}

/** Copies `length` columns of every row from one row-major matrix to another. */
function copyColumns(
  from: TypedArray,
  fromWidth: number,
  fromStart: number,
  to: TypedArray,
  toWidth: number,
  toStart: number,
  length: number,
): void {
  const rows = from.length / fromWidth;
  for (let row = 0; row < rows; row++) {
    to.set(from.subarray(row * fromWidth + fromStart, row * fromWidth + fromStart + length), row * toWidth + toStart);
  }
}

function accumulate(sum: Float64Array | undefined, term: TypedArray): Float64Array {
  if (sum === undefined) return new Float64Array(term);
  for (let i = 0; i < sum.length; i++) sum[i]! += term[i]!;
  return sum;
}
