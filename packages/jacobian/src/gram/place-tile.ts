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
export function placeTile(matrix: Matrix, tile: KernelTile, place: Place): void {
  const { c, data, rowSize, columnSize } = tile;
  if (c === 1) {
    for (let i = 0; i < place.height; i++) {
      const row = data.subarray(i * columnSize, i * columnSize + place.width);
      matrix.data.set(row, (place.top + i) * matrix.columns + place.left);
    }
    return;
  }
  for (let alpha = 0; alpha < c; alpha++) {
    for (let i = 0; i < place.height; i++) {
      const row = (place.top + i) * c + alpha;
      for (let beta = 0; beta < c; beta++) {
        const from = ((alpha * rowSize + i) * c + beta) * columnSize;
        let column = place.left * c + beta;
        for (let j = 0; j < place.width; j++, column += c) {
          matrix.data[row * matrix.columns + column] = data[from + j]!;
        }
      }
    }
  }
}

/** Copies the transpose of a tile to the mirrored place: one row after another, while the tile is in the cache. */
export function placeTransposed(matrix: Matrix, tile: KernelTile, place: Place): void {
  const { c, data, rowSize, columnSize } = tile;
  const nextOutput = rowSize * c * columnSize;
  for (let j = 0; j < place.width; j++) {
    for (let beta = 0; beta < c; beta++) {
      let to = ((place.left + j) * c + beta) * matrix.columns + place.top * c;
      for (let i = 0; i < place.height; i++) {
        let from = (i * c + beta) * columnSize + j;
        for (let alpha = 0; alpha < c; alpha++, from += nextOutput) matrix.data[to++] = data[from]!;
      }
    }
  }
}

/** Copies the lower triangle of a square block on the diagonal to its upper one, so that rounding leaves no difference. */
export function mirrorBlock({ data, columns }: Matrix, start: number, size: number): void {
  for (let row = start; row < start + size; row++) {
    for (let column = start; column < row; column++) data[column * columns + row] = data[row * columns + column]!;
  }
}
