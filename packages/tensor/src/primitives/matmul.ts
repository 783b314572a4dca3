import { ProgramError, ShapeError } from '../errors.ts';
import { broadcastShapes, broadcastStrides, formatShape, stridesOf, type Shape } from '../shape.ts';
import { combineRows } from './combine-rows.ts';
import { broadcastExampleAxis } from './elementwise.ts';
import type { Operand, PrimitiveSpec } from './spec.ts';
import { copy, rowMajor } from './strided.ts';

export const matmul: PrimitiveSpec<'matmul'> = {
  arity: 2,
  infer: ([a, b], { transposeA, transposeB }) => {
    if (a!.length < 2 || b!.length < 2) {
      throw new ShapeError(`matmul: got ${formatShape(a!)} and ${formatShape(b!)}, expected at least two axes each`);
    }
    const [m, k] = lastTwo(a!, transposeA);
    const [l, n] = lastTwo(b!, transposeB);
    if (k !== l) {
      throw new ShapeError(
        `matmul: got ${formatShape(a!)}${transposeA ? 'ᵀ' : ''} and ${formatShape(b!)}${transposeB ? 'ᵀ' : ''}, expected equal inner extents, not ${k} and ${l}`,
      );
    }
    return [...broadcastShapes(a!.slice(0, -2), b!.slice(0, -2)), m, n];
  },
  exampleAxis: (axes, shapes, { transposeA, transposeB }) => {
    const rank = Math.max(shapes[0]!.length, shapes[1]!.length);
    const fromEnd = axes.map((axis, i) => (axis === null ? null : shapes[i]!.length - axis));
    const rowsOfA = transposeA ? 1 : 2;
    const columnsOfB = transposeB ? 2 : 1;
    const [a, b] = fromEnd;
    if ((a !== null && a! < 3 && a !== rowsOfA) || (b !== null && b! < 3 && b !== columnsOfB)) {
      throw new ProgramError('matmul: the inner axis holds examples, so the product would mix them');
    }
    if (a !== null && a! < 3) return freeAxis(b ?? null, rank - 2);
    if (b !== null && b! < 3) return freeAxis(a ?? null, rank - 1);
    return broadcastExampleAxis(
      'matmul',
      axes,
      shapes.map((shape) => [...shape.slice(0, -2), 1, 1]),
    );
  },
  evaluate: ([a, b], { transposeA, transposeB }, out, outShape) => {
    const batch = outShape.slice(0, -2);
    const [m, k] = lastTwo(a!.shape, transposeA);
    const n = outShape[outShape.length - 1]!;
    const offsetsA = batchOffsets(a!.shape, batch);
    const offsetsB = batchOffsets(b!.shape, batch);
    const [rowA, innerA] = transposeA ? [1, m] : [k, 1];
    const panels = doubleRows(b!, transposeB);
    const coefficients = new Float64Array(k);
    const row = new Float64Array(n);
    for (let block = 0; block < offsetsA.length; block++) {
      for (let i = 0; i < m; i++) {
        const start = offsetsA[block]! + i * rowA;
        for (let l = 0; l < k; l++) coefficients[l] = a!.data[start + l * innerA]!;
        combineRows(coefficients, panels, offsetsB[block]!, row);
        out.set(row, (block * m + i) * n);
      }
    }
  },
};

/** The right operand [..., k, n] in double precision with contiguous rows, so that one inner loop serves every case. */
function doubleRows({ data, shape }: Operand, transposed: boolean): Float64Array {
  if (!transposed) return data instanceof Float64Array ? data : new Float64Array(data);
  const rank = shape.length;
  const swap = <T>(list: readonly T[]): T[] => [...list.slice(0, -2), list[rank - 1]!, list[rank - 2]!];
  const rows = new Float64Array(data.length);
  copy(swap(shape), data, { offset: 0, strides: swap(stridesOf(shape)) }, rows, rowMajor(swap(shape)));
  return rows;
}

/** Rows and columns of an operand after its transposition. */
function lastTwo(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const rows = shape[shape.length - 2]!;
  const columns = shape[shape.length - 1]!;
  return transposed ? [columns, rows] : [rows, columns];
}

/** An operand with examples along a free axis leaves no place for examples in the other. */
function freeAxis(other: number | null, axis: number): number {
  if (other !== null)
    throw new ProgramError(
      'matmul: both operands hold examples along different axes, so the product would pair all with all',
    );
  return axis;
}

/** Offset of each matrix of an operand, for every matrix of the broadcast batch, row-major. */
function batchOffsets(shape: Shape, batch: Shape): number[] {
  const matrix = shape[shape.length - 2]! * shape[shape.length - 1]!;
  const strides = broadcastStrides(shape.slice(0, -2), batch);
  let offsets = [0];
  batch.forEach((extent, axis) => {
    offsets = offsets.flatMap((base) => Array.from({ length: extent }, (_, i) => base + i * strides[axis]! * matrix));
  });
  return offsets;
}
