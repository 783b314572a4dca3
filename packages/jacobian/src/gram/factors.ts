import { ProgramBuilder, allocate, type Program, type Tensor } from '@ntk/tensor';
import type { Batch, LinearMaps } from '../linear-maps.ts';
import { coefficientInputs, emitCotangents } from '../linear-programs.ts';
import { jacobianRows } from './jacobian-rows.ts';
import { emitTerms } from './terms.ts';

/** A term of the kernel as tensors of one batch; shapes as in `Term`. */
export interface TermTensors {
  readonly activations: Tensor | null;
  readonly sensitivities: Tensor;
  readonly ones: number;
}

/** The factors of one batch. */
export interface BatchFactors {
  readonly count: number;
  readonly terms: readonly TermTensors[];
}

/** The factors of all batches of a linearization, made at first use. */
export class LazyFactors {
  readonly #maps: LinearMaps;
  readonly #batches: readonly Batch[];
  #factors: Promise<BatchFactors[]> | undefined;

  constructor(maps: LinearMaps, batches: readonly Batch[]) {
    this.#maps = maps;
    this.#batches = batches;
  }

  get(): Promise<readonly BatchFactors[]> {
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
 * Computes the factors of the tangent kernel for every batch: what a kernel matrix needs of each example.
 *
 * Cost: c backward passes, whatever the number of parameters (parameters without a factored form: n·c passes).
 */
async function kernelFactors(maps: LinearMaps, batches: readonly Batch[]): Promise<BatchFactors[]> {
  const plan = factorPlan(maps);
  const [size, c] = maps.derivation.outputShape as [number, number];
  using seeds = maps.backend.upload(unitSeeds(maps, size, c), [c, size * c]);
  const factors: BatchFactors[] = [];
  for (const batch of batches) factors.push(await batchFactors(maps, plan, batch, seeds));
  return factors;
}

function disposeFactors(factors: readonly BatchFactors[]): void {
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
  readonly terms: readonly { readonly activations: boolean; readonly ones: number }[];
  /** Positions among the chosen parameters that have no factored form. */
  readonly remaining: readonly number[];
}

function factorPlan({ derivation }: LinearMaps): FactorPlan {
  const [size, c] = derivation.outputShape as [number, number];
  const b = new ProgramBuilder('factors');
  const coefficients = coefficientInputs(b, derivation);
  const seeds = b.input('seeds', [c, size * c]);
  const cotangents = emitCotangents(b, derivation, coefficients, b.reshape(seeds, [c, size, c]));
  const { terms, remaining } = emitTerms(b, derivation, coefficients, cotangents);
  terms.forEach(({ activations, sensitivities }, i) => {
    if (activations !== null) b.output(`activations${i}`, activations);
    b.output(`sensitivities${i}`, sensitivities);
  });
  return {
    program: b.build(),
    terms: terms.map(({ activations, ones }) => ({ activations: activations !== null, ones })),
    remaining,
  };
}

async function batchFactors(maps: LinearMaps, plan: FactorPlan, batch: Batch, seeds: Tensor): Promise<BatchFactors> {
  const outputs = plan.terms.length === 0 ? [] : await maps.run('factors', () => plan.program, batch, [seeds]);
  let next = 0;
  const terms: TermTensors[] = plan.terms.map(({ activations, ones }) => {
    const inputs = activations ? outputs[next++]! : null;
    return { activations: inputs, sensitivities: outputs[next++]!, ones };
  });
  if (plan.remaining.length > 0) {
    terms.push({ activations: null, sensitivities: await jacobianRows(maps, batch, plan.remaining), ones: 1 });
  }
  return { count: batch.count, terms };
}

/** One right-hand side for each output: 1 at that output of every example. */
function unitSeeds(maps: LinearMaps, size: number, c: number): Float32Array | Float64Array {
  const seeds = allocate(maps.dtype, c * size * c);
  for (let output = 0; output < c; output++) {
    for (let example = 0; example < size; example++) seeds[(output * size + example) * c + output] = 1;
  }
  return seeds;
}
