import { ProgramBuilder, allocate, type Program, type Tensor, type TypedArray, type Value } from '@ntk/tensor';
import type { Batch, LinearMaps } from '../linear-maps.ts';
import { coefficientInputs, emitCotangents } from '../linear-programs.ts';
import { jacobianRows } from './jacobian-rows.ts';
import { emitTerms } from './terms.ts';

/** A term of the kernel as tensors of one tile of examples; shapes as in `Term`, with n the size of a tile. */
export interface TermTensors {
  readonly activations: Tensor | null;
  readonly indexed: boolean;
  readonly sensitivities: Tensor;
  readonly ones: number;
}

/** The factors of one tile: some consecutive examples of a batch. */
export interface TileFactors {
  /** Real examples; the rest of the tile is padding. */
  readonly count: number;
  readonly terms: readonly TermTensors[];
}

/** The factors of all tiles of a linearization, made at first use. */
export class LazyFactors {
  readonly #maps: LinearMaps;
  readonly #batches: readonly Batch[];
  #factors: Promise<TileFactors[]> | undefined;

  constructor(maps: LinearMaps, batches: readonly Batch[]) {
    this.#maps = maps;
    this.#batches = batches;
  }

  get(): Promise<readonly TileFactors[]> {
    this.#factors ??= kernelFactors(this.#maps, this.#batches);
    return this.#factors;
  }

  dispose(): void {
    // If they could not be made, whoever asked for them knows; nothing is left to release.
    this.#factors?.then(disposeFactors, () => undefined);
    this.#factors = undefined;
  }
}

/**
 * Computes the factors of the tangent kernel for every batch: what a kernel matrix needs of each
 * example, tile by tile.
 *
 * Cost: c backward passes, whatever the number of parameters (parameters without a factored form: n·c passes).
 */
async function kernelFactors(maps: LinearMaps, batches: readonly Batch[]): Promise<TileFactors[]> {
  const plan = factorPlan(maps);
  const [size, c] = maps.derivation.outputShape as [number, number];
  using seeds = maps.backend.upload(unitSeeds(maps, size, c), [c, size * c]);
  const factors: TileFactors[] = [];
  for (const batch of batches) factors.push(...(await batchFactors(maps, plan, batch, seeds)));
  return factors;
}

function disposeFactors(factors: readonly TileFactors[]): void {
  for (const { terms } of factors) {
    for (const { activations, sensitivities } of terms) {
      activations?.dispose();
      sensitivities.dispose();
    }
  }
}

/** The Program of the factors, and how its outputs pair up to terms. */
interface FactorPlan {
  readonly program: Program;
  readonly terms: readonly { readonly activations: boolean; readonly indexed: boolean; readonly ones: number }[];
  /** Positions among the chosen parameters that have no factored form. */
  readonly remaining: readonly number[];
}

function factorPlan({ derivation, tileSize }: LinearMaps): FactorPlan {
  const [size, c] = derivation.outputShape as [number, number];
  const b = new ProgramBuilder('factors');
  const coefficients = coefficientInputs(b, derivation);
  const seeds = b.input('seeds', [c, size * c]);
  const cotangents = emitCotangents(b, derivation, coefficients, b.reshape(seeds, [c, size, c]));
  const { terms, remaining } = emitTerms(b, derivation, coefficients, cotangents);
  for (let tile = 0; tile < size / tileSize; tile++) {
    const range = { start: tile * tileSize, end: (tile + 1) * tileSize };
    const part = (value: Value, axis: number): Value => (tileSize === size ? value : b.slice(value, axis, range));
    terms.forEach(({ activations, sensitivities }, i) => {
      if (activations !== null) b.output(`activations${i}.${tile}`, part(activations, 0));
      b.output(`sensitivities${i}.${tile}`, part(sensitivities, 1));
    });
  }
  return {
    program: b.build(),
    terms: terms.map(({ activations, indexed, ones }) => ({ activations: activations !== null, indexed, ones })),
    remaining,
  };
}

async function batchFactors(maps: LinearMaps, plan: FactorPlan, batch: Batch, seeds: Tensor): Promise<TileFactors[]> {
  const outputs = plan.terms.length === 0 ? [] : await maps.run('factors', () => plan.program, batch, [seeds]);
  const rows = plan.remaining.length === 0 ? undefined : await jacobianRows(maps, batch, plan.remaining);
  const tiles: TileFactors[] = [];
  let next = 0;
  for (let start = 0; start < batch.count; start += maps.tileSize) {
    const terms: TermTensors[] = plan.terms.map(({ activations, indexed, ones }) => {
      const inputs = activations ? outputs[next++]! : null;
      return { activations: inputs, indexed, sensitivities: outputs[next++]!, ones };
    });
    if (rows !== undefined)
      terms.push({ activations: null, indexed: false, sensitivities: tileOfRows(maps, rows, start), ones: 1 });
    tiles.push({ count: Math.min(maps.tileSize, batch.count - start), terms });
  }
  // Tiles that are all padding.
  outputs.slice(next).forEach((tensor) => tensor.dispose());
  return tiles;
}

/** The rows [c, tile, 1, q] of one tile from those of a batch, [c, n, 1, q]. */
function tileOfRows(maps: LinearMaps, rows: TypedArray, start: number): Tensor {
  const [size, c] = maps.derivation.outputShape as [number, number];
  const q = rows.length / (c * size);
  const tile = allocate(maps.dtype, c * maps.tileSize * q);
  for (let output = 0; output < c; output++) {
    const from = (output * size + start) * q;
    tile.set(rows.subarray(from, from + maps.tileSize * q), output * maps.tileSize * q);
  }
  return maps.backend.upload(tile, [c, maps.tileSize, 1, q]);
}

/** One right-hand side for each output: 1 at that output of every example. */
function unitSeeds(maps: LinearMaps, size: number, c: number): TypedArray {
  const seeds = allocate(maps.dtype, c * size * c);
  for (let output = 0; output < c; output++) {
    for (let example = 0; example < size; example++) seeds[(output * size + example) * c + output] = 1;
  }
  return seeds;
}
