import { matrix, type Matrix } from '@ntk/linop';
import { OptionError, ShapeError, UnsupportedError, type DType } from '@ntk/tensor';
import type { Linearization } from '../linearize.ts';
import { layoutOf, type KernelOutputs } from './kernel-outputs.ts';

/** What is computed of a symmetric kernel: all of it, or the entries on and below its diagonal alone. */
export type Triangle = 'both' | 'lower';

/** The two sides of a kernel and what is kept of their outputs. */
export interface KernelRequest {
  readonly rows: Linearization;
  readonly columns: Linearization;
  readonly outputs: KernelOutputs;
  /** Of the products of factors and of their sum over layers. */
  readonly productDtype: DType;
  readonly triangle: Triangle;
}

/**
 * The matrices that kernels are written to: one, or one for each output where they are independent.
 *
 * @param into - what to use instead of a new one
 * @throws {ShapeError} if it has another size
 */
export function kernelTargets({ rows, columns, outputs }: KernelRequest, into?: Matrix): readonly Matrix[] {
  const { count, rowsPerExample } = layoutOf(outputs, rows.c);
  const [height, width] = [rows.n * rowsPerExample, columns.n * rowsPerExample];
  if (into === undefined) return Array.from({ length: count }, () => matrix(height, width));
  if (into.rows === height && into.columns === width) return [into];
  throw new ShapeError(`kernelMatrix: got a matrix of ${into.rows} × ${into.columns}, expected ${height} × ${width}`);
}

/**
 * @throws {ShapeError} if two linearizations differ in more than their inputs
 * @throws {OptionError} if a triangle is asked of a kernel that has none
 * @throws {UnsupportedError} if the backend lacks the dtype of the products
 */
export function checkRequest({ rows, columns, triangle, productDtype }: KernelRequest): void {
  const fits = rows.network === columns.network && rows.backend === columns.backend && rows.dtype === columns.dtype;
  const names = (l: Linearization): string => l.parameters.map((parameter) => parameter.name).join();
  if (!fits || names(rows) !== names(columns)) {
    throw new ShapeError(
      'kernelMatrix: the two linearizations differ in network, backend, dtype or layers; linearize both in the same way',
    );
  }
  if (triangle === 'lower' && rows !== columns) {
    throw new OptionError(
      "kernelMatrix: got triangle 'lower' for two linearizations, expected one: only the kernel of X with itself is symmetric; leave it out",
    );
  }
  checkProductDtype('kernelMatrix', rows, productDtype);
}

/** @throws {UnsupportedError} if the backend lacks the dtype of the products */
export function checkProductDtype(name: string, { backend }: Linearization, productDtype: DType): void {
  if (backend.supports[productDtype]) return;
  throw new UnsupportedError(
    `${name}: backend ${backend.name} has no ${productDtype} for products of factors; leave productDtype out or choose another backend`,
  );
}
