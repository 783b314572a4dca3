/** Rows and columns of the part of a product that is computed in registers. */
export const TILE = 4;

/**
 * tile = Aᵀ B for one panel of four interleaved rows of A and one of four interleaved columns of B.
 *
 * The 16 sums live in registers and both panels are read with unit stride.
 */
export function multiplyTile(
  tile: Float64Array,
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  length: number,
): void {
  // biome-ignore format: one line for each row of the tile
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0,
    c10 = 0, c11 = 0, c12 = 0, c13 = 0,
    c20 = 0, c21 = 0, c22 = 0, c23 = 0,
    c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  let p = aStart;
  let q = bStart;
  for (let k = 0; k < length; k++, p += TILE, q += TILE) {
    const b0 = b[q]!;
    const b1 = b[q + 1]!;
    const b2 = b[q + 2]!;
    const b3 = b[q + 3]!;
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
  }
  setRow(tile, 0, c00, c01, c02, c03);
  setRow(tile, 4, c10, c11, c12, c13);
  setRow(tile, 8, c20, c21, c22, c23);
  setRow(tile, 12, c30, c31, c32, c33);
}

function setRow(tile: Float64Array, start: number, c0: number, c1: number, c2: number, c3: number): void {
  tile[start] = c0;
  tile[start + 1] = c1;
  tile[start + 2] = c2;
  tile[start + 3] = c3;
}

/** Adds alpha times the tile to C. `below` is how far its first row lies below its first column: entry (i, j) is added where j ≤ i + below. */
export function addTile(
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

/** Lays out `count` vectors of `length` entries as panels of four interleaved vectors, the last panel filled up with zeros. */
export function packPanels(
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
