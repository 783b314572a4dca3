import type { Matrix } from '@ntk/linop';
import type { Tensor } from '@ntk/tensor';
import { tensorsOf } from '../factors/term-tensors.ts';
import { layoutOf } from './kernel-outputs.ts';
import type { KernelRequest } from './kernel-request.ts';
import { mirrorBlock, placeTile, placeTransposed } from './place-tile.ts';
import { diagonalTileProgram, tileProgram } from './tile-program.ts';
import { disposeTiles, tileShapes, tilesOf, type Tile } from './tiles.ts';

/**
 * Kernels from factors, tile by tile; where both sides are one, only tiles on and below the diagonal are computed, and mirrored if both triangles are asked for.
 *
 * @param results - overwritten
 */
export async function assembleKernels(results: readonly Matrix[], request: KernelRequest): Promise<void> {
  const { rows, columns, productDtype } = request;
  if (rows.factors.terms.length === 0) {
    // No parameter reaches the outputs: J is zero.
    results.forEach(({ data }) => data.fill(0));
    return;
  }
  const isSymmetric = rows === columns;
  for (let i = 0; i < rows.batches.length; i++) {
    const rowTiles = await tilesOf(rows, i, productDtype);
    try {
      const last = isSymmetric ? i : columns.batches.length - 1;
      for (let j = 0; j <= last; j++) {
        const columnTiles = isSymmetric && j === i ? rowTiles : await tilesOf(columns, j, productDtype);
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
  request: KernelRequest,
  rowTiles: readonly Tile[],
  columnTiles: readonly Tile[],
): Promise<void> {
  for (const [i, row] of rowTiles.entries()) {
    for (const [j, column] of columnTiles.entries()) {
      if (rowTiles === columnTiles && j > i) break;
      const blocks = await (row === column ? diagonalBlocks(request, row) : [await block(request, row, column)]);
      try {
        for (const computed of blocks) await place(results, request, computed);
      } finally {
        blocks.forEach(({ tensor }) => tensor.dispose());
      }
    }
  }
}

/** Examples on one side of a block: the first `count` of `size` are real. */
interface Side {
  readonly start: number;
  readonly count: number;
  readonly size: number;
}

/** The kernel between some examples and others, as a tile Program gives it. */
interface KernelBlock {
  readonly tensor: Tensor;
  readonly row: Side;
  readonly column: Side;
}

async function block(
  { rows, columns, outputs, productDtype }: KernelRequest,
  row: Tile,
  column: Tile,
): Promise<KernelBlock> {
  const { maps, backend } = rows;
  const [rowSize, columnSize] = [maps.tileSize, columns.maps.tileSize];
  const executable = await maps.executable(
    `tile${rowSize}x${columnSize}.${outputs}.${productDtype}`,
    () => tileProgram(tileShapes(rows), tileShapes(columns), outputs),
    { dtype: productDtype },
  );
  const [tensor] = await backend.run(executable, [...tensorsOf(row.terms), ...tensorsOf(column.terms)]);
  return { tensor: tensor!, row: { ...row, size: rowSize }, column: { ...column, size: columnSize } };
}

/** Examples of a tile from which on its kernel with itself is computed in two halves: a quarter of it lies above the diagonal and is not needed. */
const LEAST_HALVED = 64;

/** The kernel of a tile with itself, its blocks on and below the diagonal. */
async function diagonalBlocks({ rows, outputs, productDtype }: KernelRequest, tile: Tile): Promise<KernelBlock[]> {
  const { maps, backend } = rows;
  const size = maps.tileSize;
  const cuts = size < LEAST_HALVED ? [0, size] : [0, size >> 1, size];
  const parts = cuts.slice(1).map((end, i) => ({ start: cuts[i]!, end }));
  const executable = await maps.executable(
    `diagonal${size}.${outputs}.${productDtype}`,
    () => diagonalTileProgram(tileShapes(rows), parts, outputs),
    { dtype: productDtype },
  );
  const sides = parts.map(({ start, end }) => {
    const count = Math.max(0, Math.min(end, tile.count) - start);
    return { start: tile.start + start, count, size: end - start };
  });
  const tensors = await backend.run(executable, tensorsOf(tile.terms));
  const pairs = sides.flatMap((row, i) => sides.slice(0, i + 1).map((column) => ({ row, column })));
  return pairs.map((pair, i) => ({ ...pair, tensor: tensors[i]! }));
}

/** Puts a block where it belongs, and its transpose where that is asked for. */
async function place(
  results: readonly Matrix[],
  { rows, columns, outputs, triangle }: KernelRequest,
  { tensor, row, column }: KernelBlock,
): Promise<void> {
  const data = await rows.backend.read(tensor);
  const { rowsPerExample: c } = layoutOf(outputs, rows.c);
  const length = data.length / results.length;
  const at = { top: row.start, left: column.start, height: row.count, width: column.count };
  for (const [k, result] of results.entries()) {
    const tile = { c, data: data.subarray(k * length, (k + 1) * length), rowSize: row.size, columnSize: column.size };
    placeTile(result, tile, at);
    if (rows !== columns || triangle === 'lower') continue;
    if (row.start === column.start) mirrorBlock(result, row.start * c, row.count * c);
    else placeTransposed(result, tile, at);
  }
}
