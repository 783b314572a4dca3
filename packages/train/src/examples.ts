import {
  OptionError,
  ShapeError,
  allocate,
  asDType,
  exampleCount,
  exampleShape,
  outputCount,
  sizeOf,
  type DType,
  type Network,
  type TypedArray,
} from '@ntk/tensor';
import type { Loss } from './losses/loss.ts';

/** Examples to learn from or to validate on. Borrowed, and not to be written until the call that reads them has settled. */
export interface TrainingData {
  /** Inputs, row-major [n, …exampleShape]. */
  readonly x: TypedArray;
  /** Targets in the form that the loss names: for the squared error [n, c]; for the cross-entropy class numbers [n] or probabilities [n, c]. */
  readonly y: TypedArray;
  /** What each example counts, [n], not negative; only ratios matter. Equal by default. */
  readonly weights?: TypedArray;
}

/** Checked examples in the dtype of the arithmetic. */
export interface Examples {
  readonly n: number;
  /** [n, …exampleShape] */
  readonly x: TypedArray;
  /** Targets as the loss reads them, [n, columns]. */
  readonly y: TypedArray;
  /** [n], of mean 1. */
  readonly weights: Float64Array;
  /** Numbers of an example in `x` and in `y`. */
  readonly inputSize: number;
  readonly targetSize: number;
}

/**
 * Checks examples against a network and a loss.
 *
 * @param what - how the data are called in messages
 * @throws {ShapeError | OptionError} naming what does not fit
 */
export function prepareExamples(
  what: string,
  data: TrainingData,
  problem: { readonly network: Network; readonly loss: Loss; readonly dtype: DType },
): Examples {
  const { network, loss, dtype } = problem;
  const n = exampleCount(network, data.x.length);
  const inputSize = sizeOf(exampleShape(network));
  checkFinite(`${what}: x`, data.x, inputSize);
  checkFinite(`${what}: y`, data.y, data.y.length / n);
  const targets = loss.targets(data.y, n, outputCount(network));
  return {
    n,
    x: asDType(data.x, dtype),
    y: asDType(targets, dtype),
    weights: relativeWeights(what, data.weights, n),
    inputSize,
    targetSize: targets.length / n,
  };
}

function checkFinite(what: string, data: TypedArray, rowSize: number): void {
  const found = data.findIndex((value) => !Number.isFinite(value));
  if (found < 0) return;
  throw new OptionError(
    `${what} holds ${data[found]!} in example ${Math.floor(found / rowSize)}, expected finite numbers; leave the example out or fill the gap`,
  );
}

function relativeWeights(what: string, weights: TypedArray | undefined, n: number): Float64Array {
  if (weights === undefined) return new Float64Array(n).fill(1);
  if (weights.length !== n) {
    throw new ShapeError(`${what}: got ${weights.length} weights for ${n} examples, expected one for each`);
  }
  const wrong = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (wrong >= 0) {
    throw new OptionError(
      `${what}: got the weight ${weights[wrong]!} for example ${wrong}, expected a finite number of at least 0`,
    );
  }
  let total = 0;
  for (const weight of weights) total += weight;
  if (total === 0) throw new OptionError(`${what}: got weights that are all 0, expected at least one larger than 0`);
  return Float64Array.from(weights, (weight) => (weight * n) / total);
}

/** One batch's worth of memory, filled again and again. Rows beyond `count` are padding of weight 0. */
export class Batch {
  readonly size: number;
  /** [size, …exampleShape] */
  readonly x: TypedArray;
  /** [size, columns] */
  readonly y: TypedArray;
  /** Weight of each example in the mean over the batch, [size]. */
  readonly weights: TypedArray;
  readonly #examples: Examples;
  #count = 0;

  constructor(examples: Examples, size: number, dtype: DType) {
    this.size = size;
    this.x = allocate(dtype, size * examples.inputSize);
    this.y = allocate(dtype, size * examples.targetSize);
    this.weights = allocate(dtype, size);
    this.#examples = examples;
  }

  /** Number of examples in it. */
  get count(): number {
    return this.#count;
  }

  /** Takes the examples `order[start]`, … up to `size` of them, and pads with copies of the first. */
  fill(order: readonly number[], start: number): void {
    const { x, y, weights, inputSize, targetSize } = this.#examples;
    this.#count = Math.min(this.size, order.length - start);
    for (let row = 0; row < this.size; row++) {
      // A copy of a real example computes nothing that the batch does not compute anyway, so it cannot overflow on its own.
      const from = order[row < this.#count ? start + row : start]!;
      copyRow(x, from, this.x, row, inputSize);
      copyRow(y, from, this.y, row, targetSize);
      this.weights[row] = row < this.#count ? weights[from]! / this.#count : 0;
    }
  }
}

// Rows are short: a loop beats the views that `set` would need.
function copyRow(source: TypedArray, from: number, target: TypedArray, to: number, size: number): void {
  for (let i = 0; i < size; i++) target[to * size + i] = source[from * size + i]!;
}
