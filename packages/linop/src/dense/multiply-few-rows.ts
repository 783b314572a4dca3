import type { Block, Part } from './block.ts';

/**
 * Adds alpha A B to the few rows of C, without packing.
 *
 * With one or two rows packing would cost as much as the product: B is read once, along its contiguous direction.
 */
export function multiplyFewRows(c: Block, a: Block, b: Block, alpha: number, part: Part): void {
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
