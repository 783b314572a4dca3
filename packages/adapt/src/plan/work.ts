import { MAX_BATCH_ROWS, WORKING_SHARE } from '@ntk/jacobian';
import { bytesPerElement, type DType } from '@ntk/tensor';
import type { Method, OutputsLayout } from './method.ts';
import type { Rates } from './rates.ts';
import type { KernelRequest, PlanProblem } from './sizes.ts';

/** Seconds and bytes of a piece of work. */
export interface Work {
  readonly seconds: number;
  /** Bytes at its peak, beside what is held already. */
  readonly bytes: number;
}

/** Test rows and probing columns that are worked on at once. */
export const BLOCK = 64;

/** Numbers of float64 on the host. */
export const DOUBLE = 8;

/** Test examples that are linearised at once. */
export const TEST_BATCH = 512;

/** What a machine takes for the products of one problem with one dtype. */
export class Products {
  readonly rows: number;
  readonly dtype: DType;
  readonly rates: Rates;
  readonly #problem: PlanProblem;
  readonly #memory: number;

  /** @param memory - bytes that the linearization may use */
  constructor(
    problem: PlanProblem,
    dtype: DType,
    { rates, memory }: { readonly rates: Rates; readonly memory: number },
  ) {
    this.#problem = problem;
    this.#memory = memory;
    this.dtype = dtype;
    this.rates = rates;
    this.rows = problem.n * problem.c;
  }

  /** The linearization: one pass, after which the coefficients, if they fit, and the factors, where they are needed, are held. */
  linearize({ holds }: Pick<Method, 'holds'>): Work {
    const { n, c, inputs, cost } = this.#problem;
    const needsFactors = holds === 'kernel' || holds === 'jacobian';
    const factors = needsFactors && cost.factorNumbers !== cost.kept ? cost.factorNumbers : 0;
    const coefficients = this.#keeps ? n * cost.kept * this.#size : this.#memory / 2;
    return {
      seconds: this.#seconds(n * cost.tangent),
      bytes: coefficients + n * (factors + inputs + 2 * c) * this.#size,
    };
  }

  // Otherwise each product begins with a forward pass.
  get #keeps(): boolean {
    const { n, cost } = this.#problem;
    return n * cost.kept * this.#size <= this.#memory;
  }

  /** The linearization of m test examples, a batch at a time. */
  test(m: number): Work {
    const { c, cost } = this.#problem;
    const batch = Math.min(m, TEST_BATCH);
    return {
      seconds: this.#seconds(m * cost.tangent) + Math.ceil(m / TEST_BATCH) * this.rates.start,
      bytes: batch * (cost.kept + cost.factorNumbers + 2 * c) * this.#size,
    };
  }

  /** One product with J and one with Jᵀ, for k right-hand sides. */
  pass(k: number): Work {
    const { n, c, p, cost } = this.#problem;
    const batch = Math.min(n, Math.ceil(MAX_BATCH_ROWS / c));
    const touched = 6 * k * (this.rows + p) * this.#size;
    return {
      seconds:
        this.#seconds(n * (k * (cost.tangent + cost.cotangent) + (this.#keeps ? 0 : 2 * cost.tangent))) +
        touched / this.rates.memory +
        2 * Math.ceil(n / batch) * this.rates.start,
      // The linearization takes fewer right-hand sides at a time rather than more memory than it is allowed.
      bytes: 4 * k * (this.rows + p) * DOUBLE + Math.min(2 * k * batch * cost.working * this.#size, this.#memory),
    };
  }

  /** One product with what a method holds and its transpose, for k right-hand sides. */
  step({ holds }: Pick<Method, 'holds'>, k: number): Work {
    if (holds === 'nothing') return this.pass(k);
    const { p } = this.#problem;
    const entries = holds === 'kernel' ? this.rows ** 2 : holds === 'jacobian' ? 2 * this.rows * p : p ** 2;
    return {
      seconds: Math.max(this.#seconds(k * entries), (entries * this.#size) / this.rates.memory) + 2 * this.rates.start,
      bytes: 4 * k * (this.rows + p) * DOUBLE,
    };
  }

  /** The kernel of n examples, or between those and m others: matrices of float64 on the host. */
  kernel({ n, m, outputs }: Pick<KernelRequest, 'n' | 'm'> & { readonly outputs: OutputsLayout }): Work {
    const { c, cost } = this.#problem;
    const { products, memory } = this.rates;
    const entries = n * (m ?? n) * (outputs === 'full' ? c * c : outputs === 'independent' ? c : 1);
    const size = m === undefined ? { n } : { n, m };
    const batch = this.#factorBatch(n);
    const tiles = 2 * batch * cost.factorNumbers * this.#size; // copies of the factors of two batches
    return {
      seconds: this.#problem.kernelSeconds({ ...size, outputs, dtype: this.dtype, rates: { products, memory } }),
      bytes: entries * DOUBLE + batch * cost.factorBytes[this.dtype] + tiles,
    };
  }

  /** J of some examples, from factors, on the host, and in the dtype of the backend where that is another one. */
  jacobian(examples: number): Work {
    const { c, p, cost } = this.#problem;
    const entries = examples * c * p;
    const copies = this.dtype === 'float64' ? DOUBLE : DOUBLE + bytesPerElement(this.dtype);
    return {
      seconds: this.#seconds(examples * cost.factors) + (4 * entries) / this.rates.host,
      bytes: entries * copies + this.#factorBatch(examples) * cost.factorBytes[this.dtype],
    };
  }

  // Examples whose factors are computed at once: `linearize` makes batches smaller rather than give this more than a share of its memory.
  #factorBatch(examples: number): number {
    const { c, cost } = this.#problem;
    const fitting = Math.floor((WORKING_SHARE * this.#memory) / cost.factorBytes[this.dtype]);
    return Math.max(1, Math.min(examples, Math.ceil(MAX_BATCH_ROWS / c), fitting));
  }

  get #size(): number {
    return bytesPerElement(this.dtype);
  }

  #seconds(multiplyAdds: number): number {
    return multiplyAdds / this.rates.products[this.dtype];
  }
}

/** Work done one after the other: what each needs is released before the next. */
export function inTurn(...parts: readonly Work[]): Work {
  return {
    seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
    bytes: Math.max(0, ...parts.map(({ bytes }) => bytes)),
  };
}

/** Work that is repeated. */
export function times(count: number, { seconds, bytes }: Work): Work {
  return { seconds: count * seconds, bytes: count > 0 ? bytes : 0 };
}

/** Work on the host at some rate. */
export function hostWork(multiplyAdds: number, rate: number, bytes: number = 0): Work {
  return { seconds: multiplyAdds / rate, bytes };
}
