import type { Matrix } from '@ntk/linop';
import type { Linearization } from '../linearize.ts';
import { assembleKernels } from './assemble-kernels.ts';
import { kernelsByProducts } from './kernel-by-products.ts';
import { assemblyOf, type Assembly } from './kernel-cost.ts';
import { checkPair, kernelTargets, type KernelRequest } from './kernel-request.ts';

/** How a kernel is computed. */
export interface KernelOptions {
  /** What it is put together from; unless named, what `planKernel` predicts to be faster. The results are equal to rounding. */
  readonly assembly?: Assembly;
}

/** How one kernel is computed. */
export interface SingleKernelOptions extends KernelOptions {
  /** A matrix of its size to overwrite and return, a new one unless given: the pages of a new large one take a sixth of the time. */
  readonly into?: Matrix;
}

/**
 * The tangent kernel J(X) J(X')ᵀ as a dense matrix on the host, [n·c, n'·c], from per-layer factors or by products: J itself is never formed.
 *
 * @param rows - the linearization of X
 * @param columns - that of X' with the same network, layers, backend and dtype; X itself unless given (then only half of the tiles are computed)
 * @returns float64 entries; sums over layers and positions are made in the dtype of the linearization
 * @throws {ShapeError} if the two linearizations do not belong together, or `into` has another size
 *
 * Cost: for a dense layer a → b, n²(a + c² b) multiply-adds, against n² c² a b for the explicit product.
 * Source: Novak, Sohl-Dickstein and Schoenholz (2022), "Fast finite width neural tangent kernel".
 */
export async function kernelMatrix(
  rows: Linearization,
  columns: Linearization = rows,
  options: SingleKernelOptions = {},
): Promise<Matrix> {
  const [kernel] = await kernels({ rows, columns, outputs: 'full' }, options);
  return kernel!;
}

/**
 * The tangent kernels within each output, K_a = J_a(X) J_a(X')ᵀ, [n, n'] each: what is left of the kernel where outputs are independent.
 * The kernel between outputs is never formed.
 *
 * @returns c matrices, otherwise as `kernelMatrix`
 * @throws {ShapeError} if the two linearizations do not belong together
 *
 * Cost: for a dense layer a → b, n²(a + c b) multiply-adds; c n n' entries of memory.
 */
export function independentKernels(
  rows: Linearization,
  columns: Linearization = rows,
  options: KernelOptions = {},
): Promise<readonly Matrix[]> {
  return kernels({ rows, columns, outputs: 'independent' }, options);
}

/**
 * The kernel that all outputs share, (1/c) Σ_a J_a(X) J_a(X')ᵀ, [n, n']: the trace kernel. The kernel between outputs is never formed.
 *
 * @returns one matrix, otherwise as `kernelMatrix`
 * @throws {ShapeError} if the two linearizations do not belong together
 *
 * Cost: for a dense layer a → b, n²(a + c b) multiply-adds; n n' entries of memory.
 */
export async function sharedKernel(
  rows: Linearization,
  columns: Linearization = rows,
  options: SingleKernelOptions = {},
): Promise<Matrix> {
  const [kernel] = await kernels({ rows, columns, outputs: 'shared' }, options);
  return kernel!;
}

async function kernels(
  request: KernelRequest,
  { assembly = assemblyOf(request), into }: SingleKernelOptions,
): Promise<readonly Matrix[]> {
  checkPair(request.rows, request.columns);
  const results = kernelTargets(request, into);
  await (assembly === 'products' ? kernelsByProducts(results, request) : assembleKernels(results, request));
  return results;
}
