import type { DType, Shape, TypedArray } from '@ntk/tensor';
import type { BlockedResult } from './blocked-result.ts';
import { BLOCKED, ELEMENT, type Literal, type OnnxAttribute, type OnnxNode } from '../onnx/model.ts';

/** A value of the graph under construction: its name in the model and its shape. */
export interface Operand {
  readonly name: string;
  readonly shape: Shape;
}

/**
 * Collects the operations and literals of an ONNX graph whose real values all have one dtype.
 *
 * Equal literals are stored once.
 */
export class Graph {
  readonly dtype: DType;
  /** Channels that convolutions take together, see `channelBlock`. */
  readonly channelBlock: number;
  readonly nodes: OnnxNode[] = [];
  readonly literals: Map<string, Literal> = new Map();
  /** Results of convolutions in blocks, by the names of their images out of blocks, in any shape. */
  readonly convolutions: Map<string, BlockedResult> = new Map();
  /** The boolean tensor that a 0/1 mask was made from, by the name of the mask. */
  readonly #truths = new Map<string, string>();

  constructor(dtype: DType, channelBlock: number) {
    this.dtype = dtype;
    this.channelBlock = channelBlock;
  }

  /** ONNX's code of the dtype. */
  get element(): number {
    return ELEMENT[this.dtype];
  }

  /** Adds an operation and returns the name of its result. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    const output = `v${this.nodes.length}`;
    this.nodes.push({ type, inputs, output, attributes });
    return output;
  }

  /** The same for an operation on images in blocks of channels; inputs that are empty are left out. */
  blockedNode(type: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>>): string {
    const output = `v${this.nodes.length}`;
    this.nodes.push({ type, domain: BLOCKED, inputs, output, attributes });
    return output;
  }

  /** A literal of the graph's dtype. */
  reals(values: readonly number[], dims: Shape): string {
    const data = this.dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
    return this.#literal(this.element, dims, new Uint8Array(data.buffer));
  }

  /** A literal of the graph's dtype under a name of its own, taken as it is. */
  weights(name: string, data: TypedArray, dims: Shape): string {
    this.literals.set(name, {
      name,
      element: this.element,
      dims,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return name;
  }

  /** A literal of shape []. */
  scalar(value: number): string {
    return this.reals([value], []);
  }

  /** A list of 64-bit integers, as ONNX takes shapes and axes. */
  integers(values: readonly number[]): string {
    return this.#literal(ELEMENT.int64, [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
  }

  /** A tensor of one repeated value; storage in the model is one element. */
  filled(value: number, shape: Shape): string {
    const scalar = this.scalar(value);
    return shape.length === 0 ? scalar : this.node('Expand', [scalar, this.integers(shape)]);
  }

  reshape(x: string, shape: Shape): string {
    const reshaped = this.node('Reshape', [x, this.integers(shape)]);
    const convolution = this.convolutions.get(x);
    if (convolution !== undefined) this.convolutions.set(reshaped, convolution);
    return reshaped;
  }

  transpose(x: string, permutation: readonly number[]): string {
    return this.node('Transpose', [x], { perm: permutation });
  }

  /** The 0/1 mask of a boolean tensor. */
  mask(truth: string): string {
    const mask = this.node('Cast', [truth], { to: this.element });
    this.#truths.set(mask, truth);
    return mask;
  }

  /** Where a tensor is not 0: without arithmetic if it is a mask made by this graph. */
  truth(x: string): string {
    return this.#truths.get(x) ?? this.node('Cast', [x], { to: ELEMENT.bool });
  }

  #literal(element: number, dims: Shape, bytes: Uint8Array): string {
    const key = `${element}:${dims.join(',')}:${bytes.join(',')}`;
    const known = this.literals.get(key);
    if (known !== undefined) return known.name;
    const name = `c${this.literals.size}`;
    this.literals.set(key, { name, element, dims, bytes });
    return name;
  }
}
