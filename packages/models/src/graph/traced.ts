import type { ProgramBuilder, Shape, TypedArray, Value } from '@ntk/tensor';
import type { Extent } from './extent.ts';

/** What the entries of a tensor are. A Program has only real numbers; truth values are 0 and 1 there. */
export type ElementKind = 'float' | 'int' | 'bool';

/**
 * A value of the Program under the axes that the graph sees.
 *
 * The graph's axis j is made of the Program's axes `axes[j]`, outermost first: none if its extent is 1, several after a reshape that joined
 * axes, in any order of storage. So a transposition emits nothing, images stay in channels-last order although a graph calls its axes NCHW,
 * and an axis that joins examples and positions, [n·t, d], keeps the examples apart: they are always axis 0 of the value.
 */
export interface View {
  readonly kind: 'view';
  readonly element: ElementKind;
  readonly value: Value;
  readonly axes: readonly (readonly number[])[];
  /** Whether the value's axis 0 holds examples. */
  readonly examples: boolean;
}

/** A tensor that is known while the graph is read: a weight, a constant, a shape. */
export interface StaticTensor {
  readonly kind: 'static';
  readonly element: ElementKind;
  readonly shape: Shape;
  /** The entries, row-major; computed at first use where they are the result of something. */
  readonly values: () => readonly Extent[] | TypedArray;
  /** A name for it, should it have to become a parameter. */
  readonly name: string;
  /** How to read it from the file's weight that it is made of, if it is. */
  readonly weight?: WeightSource;
}

/** The weight of a file behind a static tensor. */
export interface WeightSource {
  /** As in the file. */
  readonly name: string;
  /** True if the tensor is the weight itself, false if it was moved about. */
  readonly whole: boolean;
  /** Reads the weight as a trainable parameter and moves it about in the Program. */
  readonly view: (reader: WeightReader) => View;
}

/** What a name of a graph stands for while it is read. */
export type Traced = View | StaticTensor;

/** A weight that the Program reads as a parameter. */
export interface WeightRequest {
  /** Unique among the parameters. */
  readonly name: string;
  /** As the file stores it. */
  readonly shape: Shape;
  /** The order of axes in which the parameter is exposed, where that is not the file's: [2, 3, 1, 0] for a filter of ONNX. */
  readonly permutation?: readonly number[];
  readonly trainable: boolean;
  /** As the file stores them. */
  readonly values: () => TypedArray;
}

/** What reads weights into a Program. */
export interface WeightReader {
  readonly builder: ProgramBuilder;
  /** The value of a weight, as a parameter of the Program. */
  parameter(request: WeightRequest): Value;
  /** A tensor in a slot for weights. */
  weight(tensor: Traced): View;
}
