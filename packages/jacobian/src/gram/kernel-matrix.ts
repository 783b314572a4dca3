import type { Matrix } from '@ntk/linop';
import type { Linearization } from '../linearize.ts';
import { assembleKernels, type KernelRequest } from './assemble-kernels.ts';
import { kernelsByProducts } from './kernel-by-products.ts';
import { assemblyOf, type Assembly } from './kernel-cost.ts';

/** How a kernel is computed. */
export interface KernelOptions {
  /** What it is put together from; unless named, what `planKernel` predicts to be faster. The results are equal to rounding. */
  readonly assembly?: Assembly;
}

/**
 * The tangent kernel J(X) J(X')ᵀ as a dense matrix on the host, [n·c, n'·c], from per-layer factors or by products: J itself is never formed.
 *
 * @param rows - the linearization of X
 * @param columns - that of X' with the same network, layers, backend and dtype; X itself unless given (then only half of the tiles are computed)
 * @returns float64 entries; sums over layers and positions are made in the dtype of the linearization
 * @throws {ShapeError} if the two linearizations do not belong together
 *
 * Cost: for a dense layer a → b, n²(a + c² b) multiply-adds, against n² c² a b for the explicit product.
 * Source: Novak, Sohl-Dickstein and Schoenholz (2022), "Fast finite width neural tangent kernel".
 */
export async function kernelMatrix(
  rows: Linearization,
  columns: Linearization = rows,
  options: KernelOptions = {},
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
): Promise<Matrix[]> {
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
  options: KernelOptions = {},
): Promise<Matrix> {
  const [kernel] = await kernels({ rows, columns, outputs: 'shared' }, options);
  return kernel!;
}

function kernels(request: KernelRequest, { assembly = assemblyOf(request) }: KernelOptions): Promise<Matrix[]> {
  return assembly === 'products' ? kernelsByProducts(request) : assembleKernels(request);
}
