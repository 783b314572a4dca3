import type { Matrix } from '@ntk/linop';
import type { TypedArray } from '@ntk/tensor';

/** The kernel between two tiles as it was computed. */
export interface KernelTile {
  readonly c: number;
  /** [c, rowSize, c, columnSize] */
  readonly data: TypedArray;
  readonly rowSize: number;
  readonly columnSize: number;
}

/** Where a tile belongs: examples before it, and real examples in it. */
export interface Place {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Copies a tile into the matrix, from output-slowest to output-fastest order, without padding. */
export function placeTile(matrix: Matrix, tile: KernelTile, { top, left, height, width }: Place): void {
  const { c, data, rowSize, columnSize } = tile;
  if (c === 1) {
    for (let i = 0; i < height; i++) {
      matrix.data.set(data.subarray(i * columnSize, i * columnSize + width), (top + i) * matrix.columns + left);
    }
    return;
  }
  for (let alpha = 0; alpha < c; alpha++) {
    for (let beta = 0; beta < c; beta++) {
      copyStrided(
        { data: matrix.data, ...at(matrix, c, top * c + alpha, left * c + beta) },
        { data, offset: (alpha * rowSize * c + beta) * columnSize, rowStride: c * columnSize, columnStride: 1 },
        { rows: height, columns: width },
      );
    }
  }
}

/** Copies the transpose of a tile to the mirrored place, while the tile is in the cache. */
export function placeTransposed(matrix: Matrix, tile: KernelTile, { top, left, height, width }: Place): void {
  const { c, data, rowSize, columnSize } = tile;
  for (let alpha = 0; alpha < c; alpha++) {
    for (let beta = 0; beta < c; beta++) {
      copyStrided(
        { data: matrix.data, ...at(matrix, c, left * c + beta, top * c + alpha) },
        { data, offset: (alpha * rowSize * c + beta) * columnSize, rowStride: 1, columnStride: c * columnSize },
        { rows: width, columns: height },
      );
    }
  }
}

/** Entries of an array at regular distances. */
interface Strided<A extends TypedArray> {
  readonly data: A;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Every c-th row and column of a matrix from some entry on. */
function at({ columns }: Matrix, c: number, row: number, column: number): Omit<Strided<Float64Array>, 'data'> {
  return { offset: row * columns + column, rowStride: c * columns, columnStride: c };
}

/** Four rows at a time: half as long as one after the other. */
function copyStrided(
  to: Strided<Float64Array>,
  from: Strided<TypedArray>,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): void {
  const [target, source] = [to.data, from.data];
  const [toRow, fromRow, toStep, fromStep] = [to.rowStride, from.rowStride, to.columnStride, from.columnStride];
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    let x = from.offset + row * fromRow;
    let y = to.offset + row * toRow;
    for (let column = 0; column < columns; column++, x += fromStep, y += toStep) {
      target[y] = source[x]!;
      target[y + toRow] = source[x + fromRow]!;
      target[y + 2 * toRow] = source[x + 2 * fromRow]!;
      target[y + 3 * toRow] = source[x + 3 * fromRow]!;
    }
  }
  for (; row < rows; row++) {
    let x = from.offset + row * fromRow;
    let y = to.offset + row * toRow;
    for (let column = 0; column < columns; column++, x += fromStep, y += toStep) target[y] = source[x]!;
  }
}

/** Copies the lower triangle of a square block on the diagonal to its upper one, so that rounding leaves no difference. */
export function mirrorBlock({ data, columns }: Matrix, start: number, size: number): void {
  for (let row = start; row < start + size; row++) {
    for (let column = start; column < row; column++) data[column * columns + row] = data[row * columns + column]!;
  }
}
