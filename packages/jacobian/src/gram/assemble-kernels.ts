import type { Matrix } from '@ntk/linop';
import { tensorsOf } from '../factors/term-tensors.ts';
import { layoutOf } from './kernel-outputs.ts';
import type { KernelRequest } from './kernel-request.ts';
import { mirrorBlock, placeTile, placeTransposed } from './place-tile.ts';
import { tileProgram } from './tile-program.ts';
import { disposeTiles, tileShapes, tilesOf, type Tile } from './tiles.ts';

/**
 * Kernels from factors, tile by tile; where both sides are one, of the lower triangle alone.
 *
 * @param results - overwritten
 */
export async function assembleKernels(results: readonly Matrix[], request: KernelRequest): Promise<void> {
  const { rows, columns } = request;
  if (rows.factors.terms.length === 0) {
    // No parameter reaches the outputs: J is zero.
    results.forEach(({ data }) => data.fill(0));
    return;
  }
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
