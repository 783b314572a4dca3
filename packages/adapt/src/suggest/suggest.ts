import { linearize, type Linearization } from '@ntk/jacobian';
import { matrix, type Matrix } from '@ntk/linop';
import { OptionError, exampleCount, type TypedArray } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import { dtypeFor, restorePosterior, type OpenOptions } from '../file/open-posterior.ts';
import type { StoredPosterior } from '../file/stored-posterior.ts';
import { placeRoots } from '../file/stored-root.ts';
import { Candidates, type CandidateSource } from './candidates.ts';
import { ConditionalCovariance } from './conditional-covariance.ts';
import { adaptedWeights, rootsOf, storedWeights, type WeightCovariance } from '../systems/weight-covariance.ts';

/** What to choose. */
export interface SuggestOptions {
  /** Rows to choose; at most all. */
  readonly count: number;
  /** Rows that are chosen at once, by what each would tell alone; 1 by default, the greedy choice. More are faster and less diverse. */
  readonly block?: number;
}

/** A row to label. */
export interface Suggestion {
  /** Its place among the candidates. */
  readonly row: number;
  /** What its targets are expected to tell about the function, given those of the rows before it, in nats. */
  readonly gain: number;
}

/**
 * Chooses unlabelled rows whose labels would tell most, one after the other, each by its information gain ½ log|I + Σ⁻¹C| given all before it. A Gaussian
 * process needs no label to know what it is worth.
 *
 * @param x - candidates, [m, …exampleShape]; borrowed
 * @returns the chosen rows in the order of choice, the first of equals
 * @throws {OptionError} if the numbers do not fit
 *
 * Cost: a variance for each candidate; for each choice a solve, a product with J of all candidates, and m multiply-adds for each choice before it.
 * Source: Krause, Singh & Guestrin (2008), Near-optimal sensor placements, section 4, with the information that measurements bear on the function.
 */
export async function suggest(adapted: AdaptedNetwork, x: TypedArray, options: SuggestOptions): Promise<Suggestion[]> {
  const { network, linearization, outputs: layout, hyperparameters } = adapted;
  const { backend, dtype, memory } = linearization;
  const names = [...new Set(linearization.parameters.map(({ layer }) => layer))];
  const source = {
    network,
    x,
    layout,
    execution: { backend, dtype, layers: { names }, memoryBytes: memory.budgetBytes },
  };
  checkOptions(options, exampleCount(network, x.length));
  const { noiseVariances } = hyperparameters;
  return choose(source, { covariances: await adaptedWeights(adapted), noise: noiseVariances }, options);
}

/**
 * As `suggest`, from a stored posterior: its roots, or its data, which are fitted again.
 *
 * @throws {OptionError} also if the posterior was stored without either
 */
export async function suggestStored(
  stored: StoredPosterior,
  x: TypedArray,
  options: SuggestOptions & OpenOptions,
): Promise<Suggestion[]> {
  const { network, layers: names, outputs: layout, noiseVariances } = stored;
  if (stored.variance.kind === 'exact') {
    using adapted = await restorePosterior(stored, options);
    return await suggest(adapted, x, options);
  }
  checkOptions(options, exampleCount(network, x.length));
  const { backend } = options;
  const source = { network, x, layout, execution: { backend, dtype: dtypeFor(stored, options), layers: { names } } };
  using roots = placeRoots(rootsOf(stored.variance), backend);
  return await choose(source, { covariances: storedWeights(roots), noise: noiseVariances }, options);
}

interface Model {
  /** One for each Gaussian process, or one that all outputs have in common. */
  readonly covariances: readonly WeightCovariance[];
  /** Noise variances of the outputs, [c]. */
  readonly noise: Float64Array;
}

/** One Gaussian process of the model, and what it has been told. */
interface Part {
  readonly candidates: Candidates;
  readonly conditional: ConditionalCovariance;
}

async function choose(
  source: CandidateSource,
  model: Model,
  { count, block = 1 }: SuggestOptions,
): Promise<Suggestion[]> {
  using all = await linearize(source.network, source.x, source.execution);
  const parts = await partsOf(source, model, all);
  const left = new Set(Array.from({ length: all.n }, (_, row) => row));
  const found: Suggestion[] = [];
  while (found.length < count) {
    const chosen = mostInformative(parts, left, Math.min(block, count - found.length));
    const columns = await columnsOf(parts, chosen);
    for (const [at, row] of chosen.entries()) {
      found.push({ row, gain: gainOf(parts, row) });
      left.delete(row);
      for (const { candidates, conditional } of parts)
        conditional.observe(row, rowsAt(columns.get(candidates)!, at, chosen.length));
    }
  }
  return found;
}

async function partsOf(source: CandidateSource, { covariances, noise }: Model, all: Linearization): Promise<Part[]> {
  const systems = source.layout === 'full' ? [noise] : Array.from(noise, (variance) => Float64Array.of(variance));
  const made = new Map<WeightCovariance, { candidates: Candidates; blocks: Float64Array }>();
  const parts: Part[] = [];
  for (const [system, own] of systems.entries()) {
    const covariance = covariances[system] ?? covariances[0]!;
    let shared = made.get(covariance);
    if (shared === undefined) {
      const candidates = new Candidates(source, { all, covariance, system });
      shared = { candidates, blocks: await candidates.blocks() };
      made.set(covariance, shared);
    }
    parts.push({ candidates: shared.candidates, conditional: new ConditionalCovariance(shared.blocks.slice(), own) });
  }
  return parts;
}

/** The rows with the largest gains, in falling order. */
function mostInformative(parts: readonly Part[], left: ReadonlySet<number>, count: number): number[] {
  const ranked = Array.from(left, (row) => ({ row, gain: gainOf(parts, row) }));
  ranked.sort((a, b) => b.gain - a.gain || a.row - b.row);
  return ranked.slice(0, count).map(({ row }) => row);
}

function gainOf(parts: readonly Part[], row: number): number {
  return parts.reduce((sum, { conditional }) => sum + conditional.gain(row), 0);
}

async function columnsOf(parts: readonly Part[], chosen: readonly number[]): Promise<Map<Candidates, Matrix>> {
  const columns = new Map<Candidates, Matrix>();
  for (const { candidates } of parts) {
    if (!columns.has(candidates)) columns.set(candidates, await candidates.columns(chosen));
  }
  return columns;
}

/** A copy of the rows of one of the chosen. */
function rowsAt(columns: Matrix, at: number, chosen: number): Matrix {
  const q = columns.rows / chosen;
  const size = q * columns.columns;
  return matrix(q, columns.columns, columns.data.slice(at * size, (at + 1) * size));
}

function checkOptions({ count, block = 1 }: SuggestOptions, candidates: number): void {
  if (!Number.isInteger(count) || count < 1 || count > candidates)
    throw new OptionError(
      `suggest: got count ${count}, expected an integer from 1 to ${candidates}, the candidates; choose that many, or give more candidates`,
    );
  if (!Number.isInteger(block) || block < 1)
    throw new OptionError(`suggest: got block ${block}, expected a positive integer; leave it out for 1`);
}
