import type { MemoryPlan } from '@ntk/jacobian';
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

/** Work whose result stays. */
export interface LastingWork extends Work {
  /** Bytes of the result, which are part of the peak. */
  readonly keptBytes: number;
}

/** Test rows and probing columns that are worked on at once. */
export const BLOCK = 64;

/** Numbers of float64 on the host. */
export const DOUBLE = 8;

/** What of the memory of a process its linearization may use. */
export const LINEARIZATION_SHARE = 0.5;

/** Test examples that are linearised at once. */
export const TEST_BATCH = 512;

/** Examples to predict. */
interface TestExamples {
  readonly m: number;
  /** Whether kernels or rows of J are made from their factors. */
  readonly needsFactors: boolean;
}

/** What a machine takes for the products of one problem with the dtypes of a method. */
export class Products {
  readonly rows: number;
  readonly dtype: DType;
  /** Of kernels. */
  readonly productDtype: DType;
  readonly rates: Rates;
  readonly #problem: PlanProblem;
  readonly #memory: number;

  /** @param memory - bytes that the linearization may use */
  constructor(
    problem: PlanProblem,
    { dtype, productDtype }: Pick<Method, 'dtype' | 'productDtype'>,
    { rates, memory }: { readonly rates: Rates; readonly memory: number },
  ) {
    this.#problem = problem;
    this.#memory = memory;
    this.dtype = dtype;
    this.productDtype = productDtype;
    this.rates = rates;
    this.rows = problem.n * problem.c;
  }

  /** The linearization of the training examples: one pass, after which what products need of it is held, and the factors, where they are needed. */
  linearize({ holds }: Pick<Method, 'holds'>): Work {
    const { n, cost } = this.#problem;
    const needsFactors = holds === 'kernel' || holds === 'jacobian';
    return { seconds: this.#seconds(n * cost.tangent), bytes: this.#held(n, needsFactors) };
  }

  /** The linearization of m test examples, a batch at a time, and the work with each batch. */
  test({ m, needsFactors }: TestExamples, workOn: (examples: number) => Work): Work {
    if (m === 0) return { seconds: 0, bytes: 0 };
    const batch = Math.min(m, TEST_BATCH);
    const { seconds, bytes } = workOn(batch);
    const pass = this.#seconds(batch * this.#problem.cost.tangent) + this.rates.start;
    return { seconds: (m / batch) * (pass + seconds), bytes: this.#held(batch, needsFactors) + bytes };
  }

  // What a linearization of some examples keeps; more than the process may use where not even one of them fits in its share.
  #held(examples: number, needsFactors: boolean): number {
    const { c, cost } = this.#problem;
    const { keptBytes, keepsBatches, peakBytes } = this.#memoryOf(examples);
    if (peakBytes > this.#memory) return peakBytes / LINEARIZATION_SHARE;
    const areKept = cost.factorNumbers === cost.kept && keepsBatches; // for products already
    const factors = needsFactors && !areKept ? cost.factorNumbers : 0;
    return keptBytes + examples * (factors + 2 * c) * this.#size;
  }

  /** One product with J and one with Jᵀ, for k right-hand sides. */
  pass(k: number): Work {
    const { n, p, cost } = this.#problem;
    const { batchSize, columns, keepsBatches, workingBytes, columnBytes } = this.#memoryOf(n);
    const touched = 6 * k * (this.rows + p) * this.#size;
    return {
      seconds:
        this.#seconds(n * (k * (cost.tangent + cost.cotangent) + (keepsBatches ? 0 : 2 * cost.tangent))) +
        touched / this.rates.memory +
        2 * Math.ceil(n / batchSize) * this.rates.start,
      // The linearization takes fewer right-hand sides at a time rather than more memory than it is allowed.
      bytes: 4 * k * (this.rows + p) * DOUBLE + workingBytes + (Math.min(k, columns) - 1) * columnBytes,
    };
  }

  /** One product with what a method holds and its transpose, for k right-hand sides. */
  step({ holds }: Pick<Method, 'holds'>, k: number): Work {
    if (holds === 'nothing') return this.pass(k);
    const { p } = this.#problem;
    const entries = holds === 'kernel' ? this.rows ** 2 : holds === 'jacobian' ? 2 * this.rows * p : p ** 2;
    const dtype = holds === 'kernel' ? this.productDtype : this.dtype;
    const { products, memory, start } = this.rates;
    return {
      seconds: Math.max((k * entries) / products[dtype], (entries * bytesPerElement(dtype)) / memory) + 2 * start,
      bytes: 4 * k * (this.rows + p) * DOUBLE,
    };
  }

  /** The kernel of n examples, or between m others and those: matrices of float64 on the host. What the linearizations keep is not counted here. */
  kernel(request: Pick<KernelRequest, 'n' | 'm'> & { readonly outputs: OutputsLayout }): LastingWork {
    const { n, m = n, outputs } = request;
    const { c } = this.#problem;
    const { products, memory } = this.rates;
    const rates = { products, memory };
    const { dtype, productDtype } = this;
    const plan = this.#problem.kernelOf({ ...request, dtype, productDtype, rates, memoryBytes: this.#memory });
    const entries = n * m * (outputs === 'full' ? c * c : outputs === 'independent' ? c : 1);
    return { seconds: plan.seconds, bytes: plan.bytes - plan.heldBytes, keptBytes: entries * DOUBLE };
  }

  /** J of some examples, from factors, on the host, and in the dtype of the backend where that is another one. */
  jacobian(examples: number): LastingWork {
    const { c, p, cost } = this.#problem;
    const entries = examples * c * p;
    const keptBytes = entries * (this.dtype === 'float64' ? DOUBLE : DOUBLE + bytesPerElement(this.dtype));
    return {
      seconds: this.#seconds(examples * cost.factors) + (4 * entries) / this.rates.host,
      bytes: keptBytes + this.#memoryOf(examples).factorBytes,
      keptBytes,
    };
  }

  #memoryOf(examples: number): MemoryPlan {
    return this.#problem.memoryOf({ n: examples, dtype: this.dtype, budgetBytes: this.#memory });
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
