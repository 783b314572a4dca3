import type { TypedArray } from '@ntk/tensor';
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

/** The entries of a Block with unit column stride, row by row, written to the start of `packed`, which is returned. */
export function packBlock(
  block: Block,
  packed: Float64Array = new Float64Array(block.rows * block.columns),
): Float64Array {
  for (let i = 0; i < block.rows; i++) {
    const start = block.offset + i * block.rowStride;
    packed.set(block.data.subarray(start, start + block.columns), i * block.columns);
  }
  return packed;
}

/** Writes entries, row by row, to a Block with unit column stride. `entries` may hold more. */
export function setBlock(block: Block, entries: TypedArray): void {
  const { rows, columns, rowStride } = block;
  for (let i = 0; i < rows; i++) {
    block.data.set(entries.subarray(i * columns, (i + 1) * columns), block.offset + i * rowStride);
  }
}

/** The lower triangle of a Block as a new Matrix with zeros above the diagonal. */
export function lowerMatrix(block: Block): Matrix {
  const lower = { rows: block.rows, columns: block.columns, data: packBlock(block) };
  for (let i = 0; i < block.rows; i++) lower.data.fill(0, i * block.columns + i + 1, (i + 1) * block.columns);
  return lower;
}
