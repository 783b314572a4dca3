import type { Block, Part } from './block.ts';
import { multiplyFewRows } from './multiply-few-rows.ts';
import { TILE, addTile, multiplyTile, packPanels } from './tile.ts';

// Sizes of the packed pieces: a 256-deep panel of four rows is 8 KiB, a packed block of B 1 MiB, of A 256 KiB, for the level 1 and 2
// caches. Sizes within a factor of two measured the same, within 5 %.
const DEPTH = 256;
const WIDTH = 512;
const HEIGHT = 128;

/**
 * Adds alpha A B to C in place: C += alpha · A · B.
 *
 * @param c - [m, n] with unit column stride; written
 * @param a - [m, l], any strides
 * @param b - [l, n], any strides; neither may overlap the written part of c
 * @param alpha - factor of the product
 * @param part - 'lower' leaves the entries above the diagonal of c as they are and costs half
 *
 * Cost: m·n·l multiply-adds, in 4 × 4 register tiles over packed panels.
 * Source: Goto & van de Geijn (2008), Anatomy of high-performance matrix multiplication.
 */
export function multiplyAdd(c: Block, a: Block, b: Block, alpha: number, part: Part = 'full'): void {
  if (c.rows === 0 || c.columns === 0 || a.columns === 0) return;
  if (c.rows <= 2) multiplyFewRows(c, a, b, alpha, part);
  else multiplyPacked(c, a, b, alpha, part);
}

function multiplyPacked(c: Block, a: Block, b: Block, alpha: number, part: Part): void {
  const depth = Math.min(DEPTH, a.columns);
  const packedA = new Float64Array(depth * roundUp(Math.min(HEIGHT, c.rows)));
  const packedB = new Float64Array(depth * roundUp(Math.min(WIDTH, c.columns)));
  const tile = new Float64Array(TILE * TILE);
  for (let column = 0; column < c.columns; column += WIDTH) {
    const width = Math.min(WIDTH, c.columns - column);
    for (let inner = 0; inner < a.columns; inner += DEPTH) {
      const length = Math.min(DEPTH, a.columns - inner);
      packPanels(
        packedB,
        b.data,
        b.offset + inner * b.rowStride + column * b.columnStride,
        width,
        b.columnStride,
        length,
        b.rowStride,
      );
      const firstRow = part === 'lower' ? Math.floor(column / HEIGHT) * HEIGHT : 0;
      for (let row = firstRow; row < c.rows; row += HEIGHT) {
        const height = Math.min(HEIGHT, c.rows - row);
        packPanels(
          packedA,
          a.data,
          a.offset + row * a.rowStride + inner * a.columnStride,
          height,
          a.rowStride,
          length,
          a.columnStride,
        );
        multiplyPanels({ c, alpha, part, tile, packedA, packedB, row, height, column, width, length });
      }
    }
  }
}

interface PanelProduct {
  readonly c: Block;
  readonly alpha: number;
  readonly part: Part;
  readonly tile: Float64Array;
  readonly packedA: Float64Array;
  readonly packedB: Float64Array;
  readonly row: number;
  readonly height: number;
  readonly column: number;
  readonly width: number;
  readonly length: number;
}

function multiplyPanels(product: PanelProduct): void {
  const { c, alpha, part, tile, packedA, packedB, row, height, column, width, length } = product;
  for (let j = 0; j < width; j += TILE) {
    for (let i = 0; i < height; i += TILE) {
      const below = row + i - (column + j);
      if (part === 'lower' && below <= -TILE) continue;
      multiplyTile(tile, packedA, i * length, packedB, j * length, length);
      const rows = Math.min(TILE, height - i);
      const columns = Math.min(TILE, width - j);
      const offset = c.offset + (row + i) * c.rowStride + column + j;
      addTile(c.data, offset, c.rowStride, tile, rows, columns, alpha, part === 'lower' ? below : TILE);
    }
  }
}

function roundUp(count: number): number {
  return Math.ceil(count / TILE) * TILE;
}
