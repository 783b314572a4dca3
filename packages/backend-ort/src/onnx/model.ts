/** Element types of ONNX, `TensorProto.DataType`. */
export const ELEMENT = { float32: 1, int64: 7, bool: 9, float64: 11 } as const;

/** ONNX Runtime's operators on images whose channels lie in blocks, [n, channels / block, rows, columns, block]. */
export const BLOCKED = 'com.microsoft.nchwc';

/** A literal tensor inside a model, `TensorProto`: little-endian bytes, row-major. */
export interface Literal {
  readonly name: string;
  readonly element: number;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** An attribute of an operation: an integer, a text, or a list of integers. */
export type OnnxAttribute = number | string | readonly number[];

/** One operation, `NodeProto`, with one result. */
export interface OnnxNode {
  /** The operator set that it is from; the standard one unless given. */
  readonly domain?: string;
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A typed tensor at the border of a model, `ValueInfoProto`. */
export interface OnnxValue {
  readonly name: string;
  readonly element: number;
  readonly dims: readonly number[];
}

/** What this package needs of an ONNX model: one graph. */
export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly literals: readonly Literal[];
  readonly nodes: readonly OnnxNode[];
}
