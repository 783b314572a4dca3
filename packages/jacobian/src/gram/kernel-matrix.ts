import { matrix, type Matrix } from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import { tensorsOf } from '../factors/term-tensors.ts';
import type { Linearization } from '../linearize.ts';
import { mirrorBlock, placeTile, placeTransposed } from './place-tile.ts';
import { tileProgram } from './tile-program.ts';
import { disposeTiles, tileShapes, tilesOf, type Tile } from './tiles.ts';

/**
 * The tangent kernel J(X) J(X')ᵀ as a dense matrix on the host, [n·c, n'·c], assembled from per-layer factors: J itself is never formed.
 *
 * @param rows - the linearization of X
 * @param columns - that of X' with the same network, layers, backend and dtype; X itself unless given (then only half of the tiles are computed)
 * @returns float64 entries; sums over layers and positions are made in the dtype of the linearization
 * @throws {ShapeError} if the two linearizations do not belong together
 *
 * Cost: for a dense layer a → b, n²(a + c² b) multiply-adds, against n² c² a b for the explicit product.
 * Source: Novak, Sohl-Dickstein and Schoenholz (2022), "Fast finite width neural tangent kernel".
 */
export async function kernelMatrix(rows: Linearization, columns: Linearization = rows): Promise<Matrix> {
  checkPair(rows, columns);
  const result = matrix(rows.n * rows.c, columns.n * columns.c);
  // No parameter reaches the outputs: J is zero.
  if (rows.factors.terms.length === 0) return result;
  const isSymmetric = rows === columns;
  for (let i = 0; i < rows.batches.length; i++) {
    const rowTiles = await tilesOf(rows, i);
    try {
      const last = isSymmetric ? i : columns.batches.length - 1;
      for (let j = 0; j <= last; j++) {
        const columnTiles = isSymmetric && j === i ? rowTiles : await tilesOf(columns, j);
        try {
          await fill(result, [rows, columns], rowTiles, columnTiles);
        } finally {
          disposeTiles(columnTiles);
        }
      }
    } finally {
      disposeTiles(rowTiles);
    }
  }
  return result;
}

function checkPair(rows: Linearization, columns: Linearization): void {
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
  result: Matrix,
  [rows, columns]: readonly [Linearization, Linearization],
  rowTiles: readonly Tile[],
  columnTiles: readonly Tile[],
): Promise<void> {
  const { maps, backend, c } = rows;
  const [rowSize, columnSize] = [maps.tileSize, columns.maps.tileSize];
  const program = () => tileProgram(tileShapes(rows), tileShapes(columns));
  const executable = await maps.executable(`tile${rowSize}x${columnSize}`, program);
  for (const [i, row] of rowTiles.entries()) {
    for (const [j, column] of columnTiles.entries()) {
      if (rowTiles === columnTiles && j > i) break;
      const [output] = await backend.run(executable, [...tensorsOf(row.terms), ...tensorsOf(column.terms)]);
      using owned = output!;
      const tile = { c, data: await backend.read(owned), rowSize, columnSize };
      const place = { top: row.start, left: column.start, height: row.count, width: column.count };
      placeTile(result, tile, place);
      if (row === column) mirrorBlock(result, row.start * c, row.count * c);
      else if (rows === columns) placeTransposed(result, tile, place);
    }
  }
}
