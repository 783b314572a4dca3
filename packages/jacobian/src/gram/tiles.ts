import { ProgramBuilder, type DType, type Program, type Tensor } from '@ntk/tensor';
import { tensorsOf, termInputs, termsOfTensors, type TermShapes, type TermTensors } from '../factors/term-tensors.ts';
import type { Linearization } from '../linearize.ts';
import { permute } from '../permute.ts';
import { inDType } from './in-dtype.ts';

/** The factors of some consecutive examples, with the output slowest: sensitivities are [c, tile, T, b] here. */
export interface Tile {
  /** The first example, and how many there are; the rest of the tile is padding. */
  readonly start: number;
  readonly count: number;
  readonly terms: readonly TermTensors[];
}

/** The shapes of a tile's terms. */
export function tileShapes({ factors, maps: { tileSize } }: Linearization): TermShapes[] {
  return factors.terms.map(({ activations, indices, sensitivities: [, c, positions, width] }) => ({
    activations: activations?.with(0, tileSize) ?? null,
    indices: indices?.with(0, tileSize) ?? null,
    sensitivities: [c!, tileSize, positions!, width!],
  }));
}

/**
 * Splits the factors of a batch into tiles. A tile is small enough for the kernel of two of them to stay in the cache while its terms are added up.
 *
 * @param dtype - of the tiles
 * @returns the tiles; the caller disposes their tensors by `disposeTiles`
 */
export async function tilesOf(linearization: Linearization, batch: number, dtype: DType): Promise<Tile[]> {
  const { maps, factors, batches } = linearization;
  const executable = await maps.executable('tiles', () => splitProgram(linearization));
  const split = await maps.backend.run(executable, tensorsOf(await factors.ofBatch(batch)));
  const outputs = dtype === maps.dtype ? split : await inDType(split, dtype).finally(() => disposeAll(split));
  const shapes = tileShapes(linearization);
  const perTile = outputs.length / (maps.batchSize / maps.tileSize);
  const { count } = batches[batch]!;
  const tiles: Tile[] = [];
  for (let start = 0, next = 0; start < maps.batchSize; start += maps.tileSize, next += perTile) {
    const tensors: Tensor[] = outputs.slice(next, next + perTile);
    // Behind the last example there is padding alone.
    if (start >= count) disposeAll(tensors);
    else {
      const terms = termsOfTensors(tensors, shapes);
      tiles.push({ start: batch * maps.batchSize + start, count: Math.min(maps.tileSize, count - start), terms });
    }
  }
  return tiles;
}

/** Releases tiles. */
export function disposeTiles(tiles: readonly Tile[]): void {
  tiles.forEach(({ terms }) => disposeAll(tensorsOf(terms)));
}

function disposeAll(tensors: readonly Tensor[]): void {
  tensors.forEach((tensor) => tensor.dispose());
}

function splitProgram({ factors, maps: { batchSize, tileSize } }: Linearization): Program {
  const b = new ProgramBuilder('kernel-tiles');
  const terms = termInputs(b, '', factors.terms);
  for (let start = 0; start < batchSize; start += tileSize) {
    terms.forEach(({ activations, indices, sensitivities }, i) => {
      const part = (name: string, value: number | null): void => {
        if (value === null) return;
        const rows = tileSize === batchSize ? value : b.slice(value, 0, { start, end: start + tileSize });
        b.output(`${name}${i}.${start}`, name === 'sensitivities' ? permute(b, rows, [1, 0, 2, 3]) : rows);
      };
      part('activations', activations);
      part('indices', indices);
      part('sensitivities', sensitivities);
    });
  }
  return b.build();
}
