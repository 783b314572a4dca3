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
  const maxTile = Math.max(16, Math.floor(MAX_TILE_ROWS / c));
  for (let count = Math.ceil(n / most); ; count++) {
    const wanted = Math.ceil(n / count);
    const tiles = Math.ceil(wanted / maxTile);
    const tileSize = Math.ceil(wanted / tiles);
    if (tiles * tileSize <= most || wanted === 1) return { batchSize: tiles * tileSize, tileSize };
  }
}

/** Batches of as many examples as a caller said, rounded up to whole tiles. */
export function givenBatches(c: number, batchSize: number): BatchSizes {
  const tiles = Math.ceil(batchSize / Math.max(16, Math.floor(MAX_TILE_ROWS / c)));
  const tileSize = Math.ceil(batchSize / tiles);
  return { batchSize: tiles * tileSize, tileSize };
}
