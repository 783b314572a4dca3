import type { Matrix } from '@ntk/linop';
import { OptionError, type DType } from '@ntk/tensor';
import type { Linearization } from '../linearize.ts';
import { assembleKernels } from './assemble-kernels.ts';
import { kernelsByProducts } from './kernel-by-products.ts';
import { assemblyOf, type Assembly } from './kernel-cost.ts';
import type { KernelOutputs } from './kernel-outputs.ts';
import { checkRequest, kernelTargets, type Triangle } from './kernel-request.ts';

/** How a kernel is computed. */
export interface KernelOptions {
  /** What it is put together from; unless named, what `planKernel` predicts to be faster. The results are equal to rounding. */
  readonly assembly?: Assembly;
  /**
   * Of the products of factors and of their sum over layers and positions; that of the linearization unless named. A kernel that is rounded to float32 anywhere is off
   * by some 1e-7 of its diagonal, so where the noise variance is below some 1e-5 of it, 'float64' gives float32 factors what J Jᵀ in float64 would have:
   * the kernel of that J, positive semidefinite to the rounding of float64. It takes about twice the time. Factors only.
   */
  readonly productDtype?: DType;
  /** What is filled of the kernel of X with itself; 'both' unless named. With 'lower', what lies above the diagonal is undefined: enough for a Cholesky factor. */
  readonly triangle?: Triangle;
}

/** How one kernel is computed. */
export interface SingleKernelOptions extends KernelOptions {
  /** A matrix of its size to overwrite and return, a new one unless given: the pages of a new large one take a quarter of the time. */
  readonly into?: Matrix;
}

/**
 * The tangent kernel J(X) J(X')ᵀ as a dense matrix on the host, [n·c, n'·c], from per-layer factors or by products: J itself is never formed.
 *
 * @param rows - the linearization of X
 * @param columns - that of X' with the same network, layers, backend and dtype; X itself unless given (then only half of the tiles are computed)
 * @returns float64 entries; products and sums over layers and positions are made in `productDtype`
 * @throws {ShapeError} if the two linearizations do not belong together, or `into` has another size
 * @throws {OptionError} if options contradict each other
 * @throws {UnsupportedError} if the backend lacks `productDtype`
 *
 * Cost: for a dense layer a → b, n²(a + c² b) multiply-adds, against n² c² a b for the explicit product.
 * Source: Novak, Sohl-Dickstein and Schoenholz (2022), "Fast finite width neural tangent kernel".
 */
export async function kernelMatrix(
  rows: Linearization,
  columns: Linearization = rows,
  options: SingleKernelOptions = {},
): Promise<Matrix> {
  const [kernel] = await kernels(rows, columns, 'full', options);
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
  return kernels(rows, columns, 'independent', options);
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
  const [kernel] = await kernels(rows, columns, 'shared', options);
  return kernel!;
}

async function kernels(
  rows: Linearization,
  columns: Linearization,
  outputs: KernelOutputs,
  { assembly: named, productDtype = rows.dtype, triangle = 'both', into }: SingleKernelOptions,
): Promise<readonly Matrix[]> {
  const request = { rows, columns, outputs, productDtype, triangle };
  checkRequest(request);
  const assembly = named ?? (productDtype === rows.dtype ? assemblyOf(request) : 'factors');
  if (assembly === 'products' && productDtype !== rows.dtype) {
    throw new OptionError(
      `kernelMatrix: got assembly 'products' and productDtype ${productDtype} with a linearization in ${rows.dtype}, expected one dtype; ` +
        `use assembly 'factors', or linearize in ${productDtype}`,
    );
  }
  const results = kernelTargets(request, into);
  await (assembly === 'products' ? kernelsByProducts(results, request) : assembleKernels(results, request));
  return results;
}
