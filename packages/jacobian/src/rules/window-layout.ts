import { sizeOf, type Attributes, type ProgramBuilder, type Value, type Window } from '@ntk/tensor';
import { permute } from '../permute.ts';
import type { FilterShape } from './filter-product.ts';

/**
 * How the windows of a convolution are laid out for products with filters: `tile` neighbours of a row share one window that holds both, [kernel rows,
 * kernel columns + stride]. Two neighbours take 12 numbers a channel instead of 18 for a kernel of 3 × 3, and their products are twice as wide.
 */
export interface WindowLayout {
  readonly tile: number;
  readonly window: Window;
}

/** Channels up to which wider products are worth a third more multiplications: measured on ONNX Runtime, 18 ms instead of 23 for 16 channels, 15 instead of 13 for 32. */
const MAX_TILED_CHANNELS = 16;

/** The layout for one convolution, by the extents of its filter and the columns of its result. */
export function windowLayout(
  { kernel, groups, written }: FilterShape,
  { strides, pads, dilations }: Attributes['conv2d'],
  columns: number,
): WindowLayout {
  const [rowStride, columnStride] = strides as [number, number];
  const isTiled =
    groups === 1 && written <= MAX_TILED_CHANNELS && kernel[1] > 1 && dilations[1] === 1 && columns % 2 === 0;
  const tile = isTiled ? 2 : 1;
  const window = {
    kernel: [kernel[0], kernel[1] + (tile - 1) * columnStride],
    strides: [rowStride, tile * columnStride],
    pads,
    dilations,
  };
  return { tile, window };
}

/**
 * P · W for k filters and windows of one group.
 *
 * @param windows - [n, rows, columns / tile, taps]
 * @param filters - [k, …filter]
 * @returns [k, …shape]
 */
export function timesFilters(
  b: ProgramBuilder,
  windows: Value,
  filters: Value,
  layout: WindowLayout,
  shape: readonly number[],
): Value {
  const [k, , , , written] = b.shape(filters) as [number, number, number, number, number];
  const taps = b.shape(windows)[3]!;
  const places = sizeOf(b.shape(windows).slice(0, 3));
  const { tile, window } = layout;
  const step = window.strides[1]! / tile;
  const parts = Array.from({ length: tile }, (_, j) => {
    const placed = tile === 1 ? filters : b.pad(filters, 2, { before: j * step, after: (tile - 1 - j) * step });
    return b.reshape(placed, [k, taps, 1, written]);
  });
  const matrix = b.reshape(permute(b, b.concat(parts, 2), [1, 0, 2, 3]), [taps, k * tile * written]);
  const product = b.matmul(b.reshape(windows, [places, taps]), matrix);
  return b.reshape(permute(b, b.reshape(product, [places, k, tile * written]), [1, 0, 2]), [k, ...shape]);
}

/**
 * The transpose of `timesFilters`: Pᵀ · G.
 *
 * @param responses - [k, n, rows, columns, written]
 * @returns [k, …filter]
 */
export function timesResponses(
  b: ProgramBuilder,
  windows: Value,
  responses: Value,
  layout: WindowLayout,
  filter: readonly number[],
): Value {
  const k = b.shape(responses)[0]!;
  const [rows, columns, read, written] = filter as [number, number, number, number];
  const taps = b.shape(windows)[3]!;
  const places = sizeOf(b.shape(windows).slice(0, 3));
  const { tile, window } = layout;
  const step = window.strides[1]! / tile;
  const matrix = permute(b, b.reshape(responses, [k, places, tile * written]), [1, 0, 2]);
  const product = b.matmul(b.reshape(windows, [places, taps]), b.reshape(matrix, [places, k * tile * written]), {
    transposeA: true,
  });
  const all = b.reshape(product, [rows, window.kernel[1]!, read * k, tile, written]);
  const parts = Array.from({ length: tile }, (_, j) => {
    if (tile === 1) return b.reshape(all, [rows, columns, read, k, written]);
    const own = b.slice(b.slice(all, 3, { start: j, end: j + 1 }), 1, { start: j * step, end: j * step + columns });
    return b.reshape(own, [rows, columns, read, k, written]);
  });
  return permute(
    b,
    parts.reduce((sum, part) => b.add(sum, part)),
    [3, 0, 1, 2, 4],
  );
}

/** Windows of single positions, [n, rows · columns, taps], from windows as they are laid out. */
export function separateWindows(
  b: ProgramBuilder,
  windows: Value,
  { tile, window }: WindowLayout,
  [rows, columns, read]: readonly number[],
): Value {
  const [n, ...places] = b.shape(windows).slice(0, 3) as [number, number, number];
  if (tile === 1) return b.reshape(windows, [n, sizeOf(places), b.shape(windows)[3]!]);
  const taps = rows! * columns! * read!;
  const step = window.strides[1]! / tile;
  const all = b.reshape(windows, [n * sizeOf(places), rows!, window.kernel[1]!, read!]);
  const parts = Array.from({ length: tile }, (_, j) =>
    b.reshape(b.slice(all, 2, { start: j * step, end: j * step + columns! }), [n, sizeOf(places), 1, taps]),
  );
  return b.reshape(b.concat(parts, 2), [n, sizeOf(places) * tile, taps]);
}
