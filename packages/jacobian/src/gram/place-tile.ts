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

const BLOCK = 32;

/** Copies the lower triangle to the upper one, block by block so that both stay in the cache. */
export function mirror({ data, rows: n }: Matrix): void {
  for (let top = 0; top < n; top += BLOCK) {
    const bottom = Math.min(top + BLOCK, n);
    for (let left = 0; left <= top; left += BLOCK) {
      for (let row = top; row < bottom; row++) {
        const right = Math.min(left + BLOCK, row);
        for (let column = left; column < right; column++) data[column * n + row] = data[row * n + column]!;
      }
    }
  }
}
