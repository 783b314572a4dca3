import { UnsupportedError, sizeOf, type ProgramBuilder, type TypedArray, type Value } from '@ntk/tensor';
import type { Activated } from '../outputs/activated.ts';
import { isPerExample, type Extent } from './extent.ts';
import type { StaticTensor, Traced, View, WeightReader, WeightRequest } from './traced.ts';
import { viewOf } from './view.ts';
import { isMadeUp } from './weight-layers.ts';

/** What the reading of one graph shares. */
export interface TracerOptions {
  /** Gives the value of a weight; called again for every use. */
  readonly parameter: (request: WeightRequest) => Value;
  /** The number of examples that the file was made for, or null if for any. */
  readonly fixedExamples: number | null;
  /** A value that holds examples: the input. */
  readonly input: Value;
}

/** Where the parts of a graph are emitted to, and what is learnt on the way. */
export class Tracer implements WeightReader {
  readonly builder: ProgramBuilder;
  readonly fixedExamples: number | null;
  readonly input: Value;
  /** Softmax and sigmoid values, which may have to be split off. */
  readonly activated: Map<Value, Activated> = new Map();
  /** Values that are the product of something with a weight, by the weight's name: what is added to one is its bias. */
  readonly products: Map<Value, string> = new Map();
  /** Names of biases with the weight to whose product they are added. */
  readonly biases: Map<string, string> = new Map();
  /** The node that reads a weight first, in the words of the file: where the weight's own name says nothing, its layer's name. */
  readonly readers: Map<string, string> = new Map();
  readonly notes: Set<string> = new Set();
  /** The name of the node being emitted. */
  node = '';
  readonly #parameter: TracerOptions['parameter'];
  /** Names of tensors that became parameters, by what gives their entries. */
  readonly #names = new Map<StaticTensor['values'], string>();

  constructor(builder: ProgramBuilder, options: TracerOptions) {
    this.builder = builder;
    this.input = options.input;
    this.fixedExamples = options.fixedExamples;
    this.#parameter = options.parameter;
  }

  /** The value of a weight, as a parameter of the Program. */
  parameter(request: WeightRequest): Value {
    if (!this.readers.has(request.name)) this.readers.set(request.name, this.node);
    return this.#parameter(request);
  }

  /** A tensor in a slot for weights: a trainable parameter if it comes from the file, else what `fixed` gives. */
  weight(tensor: Traced): View {
    return tensor.kind === 'static' && tensor.weight ? tensor.weight.view(this) : this.view(tensor);
  }

  /** A tensor in a slot for what is never trained, such as moving statistics: a parameter that is not trainable if it comes from the file. */
  buffer(tensor: Traced): Traced {
    if (tensor.kind === 'view' || !tensor.weight?.whole) return tensor;
    const { shape, weight, values } = tensor;
    const value = this.parameter({ name: weight.name, shape, trainable: false, values: values as () => TypedArray });
    return viewOf(this.builder, value, { examples: false });
  }

  /**
   * A tensor beside computed ones, such as a token of its own before every sequence: trainable if it is a weight with a name, as only networks name
   * theirs.
   */
  named(tensor: Traced): View {
    const isNamed =
      tensor.kind === 'static' && tensor.weight && sizeOf(tensor.shape) > 1 && !isMadeUp(tensor.weight.name);
    return isNamed ? this.weight(tensor) : this.view(tensor);
  }

  /** Anything as a view: a static tensor becomes what `fixed` gives. */
  view(traced: Traced): View {
    return traced.kind === 'view' ? traced : this.fixed(traced);
  }

  /** A static tensor as a constant of the Program, or as a parameter that is not trainable where it is too large for one. */
  fixed(tensor: StaticTensor): View {
    const { element, shape } = tensor;
    const values = tensor.values();
    const value =
      values.length <= MAX_CONSTANT
        ? this.builder.constant(Array.from(values, finite), shape)
        : this.parameter({
            name: tensor.weight?.whole ? tensor.weight.name : this.#nameOf(tensor),
            shape,
            trainable: false,
            values: () => finiteArray(values),
          });
    return viewOf(this.builder, value, { examples: false, element });
  }

  /** A name of its own for what was made of tensors of the file: two parts of one constant are called alike. */
  #nameOf({ name, values }: StaticTensor): string {
    const known = this.#names.get(values);
    if (known !== undefined) return known;
    const taken = new Set(this.#names.values());
    let own = name;
    for (let i = 2; taken.has(own); i++) own = `${name} ${i}`;
    this.#names.set(values, own);
    return own;
  }

  note(text: string): void {
    this.notes.add(text);
  }
}

/** A Program's constants hold at most this many numbers. */
const MAX_CONSTANT = 128;
const LARGEST = 3.4028234663852886e38;

function finiteArray(values: readonly Extent[] | TypedArray): TypedArray {
  return values instanceof Float32Array ? Float32Array.from(values, finite) : Float64Array.from(values, finite);
}

/** Masks hold -∞, which a Program does not: the largest number does the same under exp. */
function finite(value: Extent): number {
  if (isPerExample(value))
    throw new UnsupportedError('got the number of examples as a value to compute with, expected it in shapes only');
  if (Number.isNaN(value)) throw new UnsupportedError('got NaN among fixed numbers, expected numbers');
  return Math.max(-LARGEST, Math.min(LARGEST, value));
}
