/** An operator set that a model uses, `OperatorSetIdProto`; the empty domain is the standard one. */
export interface OnnxOpset {
  readonly domain: string;
  readonly version: number;
}

/** A tensor, `TensorProto`. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** `TensorProto.DataType`. */
  readonly dataType: number;
  /** Little-endian, row-major; a view of the file's bytes. Absent where the entries are listed or in another file. */
  readonly raw?: Uint8Array;
  /** Entries that are listed one by one: float_data, int32_data, int64_data, double_data or uint64_data. */
  readonly listed: readonly number[];
  /** Where in which file the entries are, if not in this one: location, offset, length. */
  readonly external?: ReadonlyMap<string, string>;
}

/** An attribute of a node, `AttributeProto`, by what it holds; null for what is not read, such as graphs. */
export type OnnxAttribute = number | string | readonly number[] | readonly string[] | OnnxTensor | null;

/** An operation, `NodeProto`. */
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** What the exporter noted beside it. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A typed value at the border of a graph, `ValueInfoProto`. */
export interface OnnxValueInfo {
  readonly name: string;
  /** 0 if it is no tensor. */
  readonly elementType: number;
  /** A name stands for an open extent; null for an extent without either. Undefined where no shape is declared. */
  readonly shape?: readonly (number | string | null)[];
}

/** A graph, `GraphProto`. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

/** A file, `ModelProto`. */
export interface OnnxModelFile {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: readonly OnnxOpset[];
  readonly graph: OnnxGraph;
  /** True if it defines operations of its own, `FunctionProto`. */
  readonly hasFunctions: boolean;
}
