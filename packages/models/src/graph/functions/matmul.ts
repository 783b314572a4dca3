import { ShapeError, type ProgramBuilder } from '@ntk/tensor';
import { align } from '../align.ts';
import { formatExtents, sameExtent } from '../extent.ts';
import type { View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { arrange, extentsOf, mixing, owned, withSoleAxis } from '../view.ts';

/**
 * The product of matrices a [..., m, k] · b [..., k, n], leading axes broadcast; a vector stands for a matrix of one row or column.
 *
 * A matrix of weights on the right is applied to every row whatever the order of storage of the rows, so that its use
 * stays one product and the weight is read as it lies.
 */
export function matmul(tracer: Tracer, left: View, right: View): View {
  const b = tracer.builder;
  if (left.axes.length === 0 || right.axes.length === 0)
    throw new ShapeError('got a scalar to multiply as a matrix, expected at least one axis');
  const isRow = left.axes.length === 1;
  const isColumn = right.axes.length === 1;
  const rows = isRow ? { ...left, axes: [[], ...left.axes] } : left;
  const columns = isColumn ? { ...right, axes: [...right.axes, []] } : right;
  const [k, l] = [extentsOf(b, rows).at(-1)!, extentsOf(b, columns).at(-2)!];
  if (!sameExtent(k, l))
    throw new ShapeError(
      `got ${formatExtents(extentsOf(b, left))} and ${formatExtents(extentsOf(b, right))} to multiply, expected equal inner extents`,
    );
  const isMatrix = columns.axes.length === 2 && !columns.examples;
  const product = isMatrix ? byMatrix(b, rows, columns) : general(b, rows, columns);
  const kept = product.axes.filter((_, axis) => {
    const fromEnd = product.axes.length - axis;
    return !(isRow && fromEnd === 2) && !(isColumn && fromEnd === 1);
  });
  return { ...product, axes: kept };
}

/** x · W for every row, wherever it lies. */
function byMatrix(b: ProgramBuilder, left: View, right: View): View {
  const { view, at: k } = withSoleAxis(b, left, left.axes.length - 1);
  const rows = b.shape(view.value).flatMap((_, axis) => (axis !== k && owned(view, axis) ? [axis] : []));
  const groups = rows.map((axis) => [axis]);
  const x = arrange(b, view, groups.length === 0 ? [[], [k]] : [...groups, [k]]);
  const { value: w, transposed } = asMatrix(b, right);
  const value = b.matmul(x, w, { transposeB: transposed });
  const last = b.shape(value).length - 1;
  const axes = view.axes.slice(0, -1).map((list) => list.map((axis) => rows.indexOf(axis)));
  return { ...left, value, axes: [...axes, b.shape(value)[last] === 1 ? [] : [last]] };
}

/** A matrix as it lies, and whether it has to be read transposed. */
function asMatrix(b: ProgramBuilder, view: View): { readonly value: number; readonly transposed: boolean } {
  const [rows, columns] = view.axes as [number[], number[]];
  if (b.shape(view.value).length === 2 && rows.length < 2 && columns.length < 2)
    return { value: view.value, transposed: rows[0] === 1 || columns[0] === 0 };
  return { value: arrange(b, view, view.axes), transposed: false };
}

/** Products of pairs of matrices. */
function general(b: ProgramBuilder, left: View, right: View): View {
  // A row for each example: the rows become pairs of matrices, one for each example.
  if (left.examples && left.axes.at(-2)!.includes(0)) {
    const lifted = general(b, liftRows(left, [left.axes.at(-2)!, []]), liftRows(right, [[], right.axes.at(-2)!]));
    return { ...lifted, axes: lifted.axes.toSpliced(-2, 1) };
  }
  if (right.examples && right.axes.at(-1)!.includes(0)) throw mixing();
  const rank = Math.max(left.axes.length, right.axes.length);
  const padded = [left, right].map(
    (view): View => ({
      ...view,
      axes: [...new Array<[]>(rank - view.axes.length).fill([]), ...view.axes],
    }),
  );
  const { values, transposed, axes, examples } = align(b, padded, { matrices: true });
  const [transposeA = false, transposeB = false] = transposed;
  const value = b.matmul(values[0]!, values[1]!, { transposeA, transposeB });
  const count = b.shape(value).length;
  const ends = [count - 2, count - 1].map((axis) => (b.shape(value)[axis] === 1 ? [] : [axis]));
  return { ...left, value, axes: [...axes.slice(0, -2), ...ends], examples };
}

/** [..., m, k] as [..., m, 1, k]: `ends` replaces the second last axis. */
function liftRows(view: View, ends: readonly (readonly number[])[]): View {
  return { ...view, axes: view.axes.toSpliced(-2, 1, ...ends) };
}
