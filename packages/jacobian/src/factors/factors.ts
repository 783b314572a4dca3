import { allocate, sizeOf, type Tensor, type TypedArray } from '@ntk/tensor';
import { LazyValues } from '../lazy-values.ts';
import type { Batches } from '../batches.ts';
import type { LinearMaps, Point } from '../linear-maps.ts';
import type { FactorForm } from './factor-form.ts';
import { planFactors, type FactorPlan, type TermPlan } from './factor-plan.ts';
import { jacobianRows } from './jacobian-rows.ts';
import { isCheaperFactored } from './product-cost.ts';
import { tensorsOf, termsOfTensors, type TermTensors } from './term-tensors.ts';
import type { Block } from './terms.ts';
import { readsTransposed, transposedProgram } from './transposed-activations.ts';

/**
 * The factors of a linearization: J, example by example, as a sum of products of activations and sensitivities. Kernels are made of
 * them, and products where that is cheaper than following the network.
 *
 * Those of a batch are computed at their first use and kept.
 */
export class Factors {
  /** All terms: those that have factors, then the rows of J for the parameters that have none. */
  readonly terms: readonly TermPlan[];
  /** True if products with J and Jᵀ are made from factors. Batches then keep nothing else. */
  readonly serveProducts: boolean;
  /** How they are computed. */
  readonly plan: FactorPlan;
  readonly #maps: LinearMaps;
  readonly #batches: Batches;
  readonly #made: LazyValues<number, readonly TermTensors[]>;
  readonly #transposed: LazyValues<number, readonly Tensor[]>;
  /** Batches whose factors are not there yet. */
  #missing: number;

  /** @param options - `mayServeProducts`: whether there is memory to keep the factors of all batches */
  constructor(
    maps: LinearMaps,
    batches: Batches,
    { form, mayServeProducts }: { readonly form: FactorForm; readonly mayServeProducts: boolean },
  ) {
    this.#maps = maps;
    this.#batches = batches;
    this.#missing = batches.all.length;
    this.plan = planFactors(maps.derivation, form);
    this.#made = new LazyValues((terms) => tensorsOf(terms).forEach((tensor) => tensor.dispose()));
    this.#transposed = new LazyValues((tensors) => tensors.forEach((tensor) => tensor.dispose()));
    this.serveProducts = mayServeProducts && isCheaperFactored(maps.derivation, this.plan);
    const { terms, remaining } = this.plan;
    this.terms = remaining.length === 0 ? terms : [...terms, rowsTerm(maps, remaining)];
  }

  /**
   * The factors of one batch; they belong to this object.
   *
   * Cost, once: c backward passes, whatever the number of parameters (parameters without a factored form: n·c passes).
   */
  ofBatch(batch: number): Promise<readonly TermTensors[]> {
    return this.#made.get(batch, () => this.#compute(batch));
  }

  /** The activations [a, n·T] of one batch for products with Jᵀ, see `readsTransposed`; made once, they belong to this object. */
  transposedOfBatch(batch: number): Promise<readonly Tensor[]> {
    return this.#transposed.get(batch, async () => {
      const terms = await this.ofBatch(batch);
      const activations = terms.flatMap((term, i) => (readsTransposed(this.terms[i]!) ? [term.activations!] : []));
      if (activations.length === 0) return [];
      const executable = await this.#maps.executable('transposed', () => transposedProgram(this.terms));
      return this.#maps.backend.run(executable, activations);
    });
  }

  dispose(): void {
    this.#transposed.dispose();
    this.#made.dispose();
  }

  async #compute(batch: number): Promise<readonly TermTensors[]> {
    const terms = await this.#batches.use(batch, (point) => this.#at(point));
    if (this.serveProducts) this.#batches.releasePoint(batch);
    this.#missing--;
    // An engine keeps the working memory of what it compiled, here for as many right-hand sides as outputs.
    if (this.#missing === 0) this.#maps.releaseExecutable('factors');
    return terms;
  }

  async #at(point: Point): Promise<readonly TermTensors[]> {
    const { program, terms, remaining } = this.plan;
    const made: Tensor[] = [];
    try {
      if (terms.length > 0) {
        using seeds = unitSeeds(this.#maps);
        made.push(...(await this.#maps.run('factors', () => program, point, [seeds])));
      }
      if (remaining.length > 0) made.push(await jacobianRows(this.#maps, point, remaining));
      return termsOfTensors(made, this.terms);
    } catch (error) {
      made.forEach((tensor) => tensor.dispose());
      throw error;
    }
  }
}

/** One right-hand side for each output, [c, n·c]: 1 at that output of every example. */
function unitSeeds({ backend, dtype, derivation }: LinearMaps): Tensor {
  const [n, c] = derivation.outputShape as [number, number];
  const seeds: TypedArray = allocate(dtype, c * n * c);
  for (let output = 0; output < c; output++) {
    for (let example = 0; example < n; example++) seeds[(output * n + example) * c + output] = 1;
  }
  return backend.upload(seeds, [c, n * c]);
}

/** The term of parameters that are known by rows of J alone, side by side. */
function rowsTerm({ derivation }: LinearMaps, remaining: readonly number[]): TermPlan {
  const [n, c] = derivation.outputShape as [number, number];
  let q = 0;
  const blocks = remaining.map((parameter): Block => {
    const size = sizeOf(derivation.chosenShapes[parameter]!);
    q += size;
    return { parameter, factor: 'sensitivities', start: q - size, size, transposed: false };
  });
  return { activations: null, indices: null, sensitivities: [n, c, 1, q], blocks };
}
