import type { Matrix } from './matrix.ts';

/**
 * A rectangular view into the data of a Matrix with any strides, so that blocked algorithms and transposes copy nothing.
 *
 * Entry (i, j) is `data[offset + i * rowStride + j * columnStride]`. A Block borrows its data.
 */
export interface Block {
  readonly data: Float64Array;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Which entries of a block are updated: all, or those on and below its diagonal. */
export type Part = 'full' | 'lower';

/** Views a whole Matrix. */
export function blockOf(a: Matrix): Block {
  return { data: a.data, offset: 0, rows: a.rows, columns: a.columns, rowStride: a.columns, columnStride: 1 };
}

/** Views `rows` × `columns` entries of a Block from (row, column) on. */
export function subBlock(a: Block, row: number, column: number, rows: number, columns: number): Block {
  return {
    data: a.data,
    offset: a.offset + row * a.rowStride + column * a.columnStride,
    rows,
    columns,
    rowStride: a.rowStride,
    columnStride: a.columnStride,
  };
}

/** Views the transpose. */
export function transposed(a: Block): Block {
  return {
    data: a.data,
    offset: a.offset,
    rows: a.columns,
    columns: a.rows,
    rowStride: a.columnStride,
    columnStride: a.rowStride,
  };
}
