/** Rows of a batch that `linearize` chooses, examples times outputs, at most: beyond, products gain nothing. */
export const MAX_BATCH_ROWS = 8192;

/** Rows of a tile of the kernel: enough that products run at full speed, few enough that a tile stays in the cache while its terms are added up. */
const MAX_TILE_ROWS = 512;

/** Examples that go through the network at a time, and those of a tile of the kernel, of which a batch is a whole number. */
export interface BatchSizes {
  readonly batchSize: number;
  readonly tileSize: number;
}

/**
 * Batches of nearly equal size for n examples of c outputs.
 *
 * @param most - examples of a batch, at least 1
 */
export function evenBatches(n: number, c: number, most: number): BatchSizes {
  for (let count = Math.ceil(n / most); ; count++) {
    const wanted = Math.ceil(n / count);
    const sizes = inTiles(wanted, c);
    if (sizes.batchSize <= most || wanted === 1) return sizes;
  }
}

/** Batches of at least that many examples in whole tiles; exactly as many where a suitable number of tiles divides them. */
export function inTiles(examples: number, c: number): BatchSizes {
  const least = Math.ceil(examples / Math.max(16, Math.floor(MAX_TILE_ROWS / c)));
  const counts = Array.from({ length: least + 1 }, (_, i) => least + i);
  const tiles = counts.find((count) => examples % count === 0) ?? least;
  const tileSize = Math.ceil(examples / tiles);
  return { batchSize: tiles * tileSize, tileSize };
}
