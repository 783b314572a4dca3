import type { Block } from './block.ts';

// Sizes of the packed pieces: a 256-deep panel of four rows is 8 KiB, a packed block of B 1 MiB, of A 256 KiB. Measured best on
// CPUs with 32 to 48 KiB of level 1 and 1 to 2 MiB of level 2 cache; results do not depend on them beyond rounding.
const TILE = 4;
const DEPTH = 256;
const WIDTH = 512;
const HEIGHT = 128;

/** Which entries of the result are updated: all, or those on and below the diagonal of the block. */
export type Part = 'full' | 'lower';

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

// The 16 sums live in registers; both panels are read with unit stride.
function multiplyTile(
  tile: Float64Array,
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  length: number,
): void {
  let c00 = 0,
    c01 = 0,
    c02 = 0,
    c03 = 0;
  let c10 = 0,
    c11 = 0,
    c12 = 0,
    c13 = 0;
  let c20 = 0,
    c21 = 0,
    c22 = 0,
    c23 = 0;
  let c30 = 0,
    c31 = 0,
    c32 = 0,
    c33 = 0;
  let p = aStart;
  let q = bStart;
  for (let k = 0; k < length; k++) {
    const b0 = b[q]!,
      b1 = b[q + 1]!,
      b2 = b[q + 2]!,
      b3 = b[q + 3]!;
    const a0 = a[p]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[p + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[p + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[p + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
    p += TILE;
    q += TILE;
  }
  tile[0] = c00;
  tile[1] = c01;
  tile[2] = c02;
  tile[3] = c03;
  tile[4] = c10;
  tile[5] = c11;
  tile[6] = c12;
  tile[7] = c13;
  tile[8] = c20;
  tile[9] = c21;
  tile[10] = c22;
  tile[11] = c23;
  tile[12] = c30;
  tile[13] = c31;
  tile[14] = c32;
  tile[15] = c33;
}

// `below` is how far the tile's first row lies below its first column; entry (i, j) is written where j <= i + below.
function addTile(
  c: Float64Array,
  offset: number,
  stride: number,
  tile: Float64Array,
  rows: number,
  columns: number,
  alpha: number,
  below: number,
): void {
  for (let i = 0; i < rows; i++) {
    const end = Math.min(columns, i + below + 1);
    const start = offset + i * stride;
    for (let j = 0; j < end; j++) c[start + j]! += alpha * tile[i * TILE + j]!;
  }
}

// Lays out `count` vectors of `length` entries as panels of four interleaved vectors, the last one filled up with zeros.
function packPanels(
  packed: Float64Array,
  source: Float64Array,
  offset: number,
  count: number,
  stride: number,
  length: number,
  step: number,
): void {
  let to = 0;
  let first = 0;
  for (; first + TILE <= count; first += TILE) {
    let from = offset + first * stride;
    for (let k = 0; k < length; k++) {
      packed[to] = source[from]!;
      packed[to + 1] = source[from + stride]!;
      packed[to + 2] = source[from + 2 * stride]!;
      packed[to + 3] = source[from + 3 * stride]!;
      to += TILE;
      from += step;
    }
  }
  if (first === count) return;
  for (let k = 0; k < length; k++) {
    for (let i = 0; i < TILE; i++) {
      packed[to++] = first + i < count ? source[offset + (first + i) * stride + k * step]! : 0;
    }
  }
}

// With one or two rows packing would cost as much as the product: B is read once, along its contiguous direction.
function multiplyFewRows(c: Block, a: Block, b: Block, alpha: number, part: Part): void {
  for (let i = 0; i < c.rows; i++) {
    const columns = part === 'lower' ? Math.min(c.columns, i + 1) : c.columns;
    const cStart = c.offset + i * c.rowStride;
    const aStart = a.offset + i * a.rowStride;
    if (b.rowStride === 1) addRowDots(c.data, cStart, columns, a, aStart, b, alpha);
    else addScaledRows(c.data, cStart, columns, a, aStart, b, alpha);
  }
}

function addRowDots(
  c: Float64Array,
  cStart: number,
  columns: number,
  a: Block,
  aStart: number,
  b: Block,
  alpha: number,
): void {
  for (let j = 0; j < columns; j++) {
    const start = b.offset + j * b.columnStride;
    c[cStart + j]! += alpha * dot(a.data, aStart, a.columnStride, b.data, start, a.columns);
  }
}

// Four partial sums: one chain of additions would wait for each result.
function dot(
  x: Float64Array,
  xStart: number,
  xStride: number,
  y: Float64Array,
  yStart: number,
  length: number,
): number {
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0;
  let k = 0;
  let p = xStart;
  for (; k + 4 <= length; k += 4, p += 4 * xStride) {
    s0 += x[p]! * y[yStart + k]!;
    s1 += x[p + xStride]! * y[yStart + k + 1]!;
    s2 += x[p + 2 * xStride]! * y[yStart + k + 2]!;
    s3 += x[p + 3 * xStride]! * y[yStart + k + 3]!;
  }
  for (; k < length; k++, p += xStride) s0 += x[p]! * y[yStart + k]!;
  return s0 + s1 + (s2 + s3);
}

function addScaledRows(
  c: Float64Array,
  cStart: number,
  columns: number,
  a: Block,
  aStart: number,
  b: Block,
  alpha: number,
): void {
  const { data, columnStride } = b;
  for (let k = 0; k < a.columns; k++) {
    const factor = alpha * a.data[aStart + k * a.columnStride]!;
    let from = b.offset + k * b.rowStride;
    for (let j = 0; j < columns; j++, from += columnStride) c[cStart + j]! += factor * data[from]!;
  }
}

function roundUp(count: number): number {
  return Math.ceil(count / TILE) * TILE;
}
