import { matrix, type Matrix } from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import { tensorsOf } from '../factors/term-tensors.ts';
import type { Linearization } from '../linearize.ts';
import { layoutOf, type KernelOutputs } from './kernel-outputs.ts';
import { mirrorBlock, placeTile, placeTransposed } from './place-tile.ts';
import { tileProgram } from './tile-program.ts';
import { disposeTiles, tileShapes, tilesOf, type Tile } from './tiles.ts';

/** The two sides of a kernel and what is kept of their outputs. */
export interface KernelRequest {
  readonly rows: Linearization;
  readonly columns: Linearization;
  readonly outputs: KernelOutputs;
}

/**
 * Kernels from factors, tile by tile; where both sides are one, of the lower triangle alone.
 *
 * @returns one matrix, or one for each output where they are independent
 * @throws {ShapeError} if the two linearizations do not belong together
 */
export async function assembleKernels(request: KernelRequest): Promise<Matrix[]> {
  const { rows, columns } = request;
  checkPair(rows, columns);
  const results = emptyKernels(request);
  // No parameter reaches the outputs: J is zero.
  if (rows.factors.terms.length === 0) return results;
  const isSymmetric = rows === columns;
  for (let i = 0; i < rows.batches.length; i++) {
    const rowTiles = await tilesOf(rows, i);
    try {
      const last = isSymmetric ? i : columns.batches.length - 1;
      for (let j = 0; j <= last; j++) {
        const columnTiles = isSymmetric && j === i ? rowTiles : await tilesOf(columns, j);
        try {
          await fill(results, request, rowTiles, columnTiles);
        } finally {
          if (columnTiles !== rowTiles) disposeTiles(columnTiles);
        }
      }
    } finally {
      disposeTiles(rowTiles);
    }
  }
  return results;
}

/** The kernels of a request, all zeros. */
export function emptyKernels({ rows, columns, outputs }: KernelRequest): Matrix[] {
  const { count, rowsPerExample } = layoutOf(outputs, rows.c);
  return Array.from({ length: count }, () => matrix(rows.n * rowsPerExample, columns.n * rowsPerExample));
}

/** @throws {ShapeError} if two linearizations differ in more than their inputs */
export function checkPair(rows: Linearization, columns: Linearization): void {
  const fits = rows.network === columns.network && rows.backend === columns.backend && rows.dtype === columns.dtype;
  const names = (l: Linearization): string => l.parameters.map((parameter) => parameter.name).join();
  if (!fits || names(rows) !== names(columns)) {
    throw new ShapeError(
      'kernelMatrix: the two linearizations differ in network, backend, dtype or layers; linearize both in the same way',
    );
  }
}

/** Computes the kernel between all tiles of two batches; within one batch, only the lower triangle. */
async function fill(
  results: readonly Matrix[],
  { rows, columns, outputs }: KernelRequest,
  rowTiles: readonly Tile[],
  columnTiles: readonly Tile[],
): Promise<void> {
  const { maps, backend } = rows;
  const [rowSize, columnSize] = [maps.tileSize, columns.maps.tileSize];
  const { rowsPerExample } = layoutOf(outputs, rows.c);
  const executable = await maps.executable(`tile${rowSize}x${columnSize}.${outputs}`, () =>
    tileProgram(tileShapes(rows), tileShapes(columns), outputs),
  );
  for (const [i, row] of rowTiles.entries()) {
    for (const [j, column] of columnTiles.entries()) {
      if (rowTiles === columnTiles && j > i) break;
      const [output] = await backend.run(executable, [...tensorsOf(row.terms), ...tensorsOf(column.terms)]);
      using owned = output!;
      const data = await backend.read(owned);
      const size = data.length / results.length;
      const place = { top: row.start, left: column.start, height: row.count, width: column.count };
      for (const [k, result] of results.entries()) {
        const tile = { c: rowsPerExample, data: data.subarray(k * size, (k + 1) * size), rowSize, columnSize };
        placeTile(result, tile, place);
        if (row === column) mirrorBlock(result, row.start * rowsPerExample, row.count * rowsPerExample);
        else if (rows === columns) placeTransposed(result, tile, place);
      }
    }
  }
}
