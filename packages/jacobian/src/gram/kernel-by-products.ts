import { mirrorLower, type Matrix } from '@ntk/linop';
import { allocate, type TypedArray } from '@ntk/tensor';
import type { Linearization } from '../linearize.ts';
import type { KernelRequest } from './kernel-request.ts';

/** Columns of the kernel that are made at once. */
export const COLUMNS_AT_ONCE = 32;

/**
 * Kernels by products with unit vectors, J(X) (J(X')ᵀ e) for one block of columns after the other: nothing but what products need is held.
 *
 * @param results - overwritten
 *
 * Cost: n'·c products with J(X')ᵀ and J(X). Source: Novak, Sohl-Dickstein and Schoenholz (2022), NTK-vector products.
 */
export async function kernelsByProducts(results: readonly Matrix[], request: KernelRequest): Promise<void> {
  const { rows, columns, triangle } = request;
  results.forEach(({ data }) => data.fill(0));
  const total = columns.n * columns.c;
  for (let start = 0; start < total; start += COLUMNS_AT_ONCE) {
    const count = Math.min(COLUMNS_AT_ONCE, total - start);
    const products = await productsOfUnits(rows, columns, { start, count });
    for (let k = 0; k < count; k++) {
      addColumn(results, request, start + k, products.subarray(k * rows.n * rows.c, (k + 1) * rows.n * rows.c));
    }
  }
  // Rounding leaves no difference between the triangles.
  if (rows === columns && triangle === 'both') results.forEach(mirrorLower);
}

/** Columns of the kernel, one a row, [count, n·c]. */
async function productsOfUnits(
  rows: Linearization,
  columns: Linearization,
  { start, count }: { readonly start: number; readonly count: number },
): Promise<TypedArray> {
  const { backend, dtype } = rows;
  const total = columns.n * columns.c;
  const units = allocate(dtype, count * total);
  for (let k = 0; k < count; k++) units[k * total + start + k] = 1;
  using input = backend.upload(units, [count, total]);
  using weights = await columns.jacobian.transpose().matmul(input);
  using products = await rows.jacobian.matmul(weights);
  return (await backend.read(products)).slice();
}

/** Puts the kernel with one row of J(X') where it belongs. */
function addColumn(
  results: readonly Matrix[],
  { rows, columns, outputs }: KernelRequest,
  column: number,
  entries: TypedArray,
): void {
  const { n, c } = rows;
  if (outputs === 'full') {
    const { data, columns: width } = results[0]!;
    for (let i = 0; i < n * c; i++) data[i * width + column] = entries[i]!;
    return;
  }
  const output = column % c;
  const { data } = outputs === 'independent' ? results[output]! : results[0]!;
  const scale = outputs === 'shared' ? 1 / c : 1;
  const example = (column - output) / c;
  for (let i = 0; i < n; i++) data[i * columns.n + example]! += scale * entries[i * c + output]!;
}
