import { BinaryReader } from '@bufbuild/protobuf/wire';
import { FormatError } from '@ntk/tensor';
import { int64, numbersInto, readFields, readMessage, type FieldReader } from './fields.ts';
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModelFile,
  OnnxNode,
  OnnxOpset,
  OnnxTensor,
  OnnxValueInfo,
} from './messages.ts';

/**
 * Reads the bytes of an ONNX file. Field numbers are those of onnx.proto (ONNX 1.20); comments name the message. Tensors are views of `bytes`.
 *
 * @throws {FormatError} if the bytes are no ONNX model
 */
export function decodeModel(bytes: Uint8Array, label: string): OnnxModelFile {
  try {
    return model(new BinaryReader(bytes));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      `${label}: got a file that is not an ONNX model (${(error as Error).message}), expected one; export or copy the model again`,
      {
        cause: error,
      },
    );
  }
}

/** ModelProto. */
function model(reader: BinaryReader): OnnxModelFile {
  let irVersion = 0;
  let producer = '';
  let found: OnnxGraph | undefined;
  let hasFunctions = false;
  const opsets: OnnxOpset[] = [];
  readFields(reader, {
    1: (r) => (irVersion = int64(r)),
    2: (r) => (producer = r.string()),
    7: (r) => (found = graph(r)),
    8: (r) => opsets.push(opset(r)),
    25: (r, wire) => {
      hasFunctions = true;
      r.skip(wire);
    },
  });
  if (found === undefined || opsets.length === 0) throw new RangeError('no graph or no operator set');
  return { irVersion, producer, opsets, graph: found, hasFunctions };
}

/** OperatorSetIdProto. */
function opset(reader: BinaryReader): OnnxOpset {
  let domain = '';
  let version = 0;
  readMessage(reader, { 1: (r) => (domain = r.string()), 2: (r) => (version = int64(r)) });
  return { domain: domain === 'ai.onnx' ? '' : domain, version };
}

/** GraphProto. */
function graph(reader: BinaryReader): OnnxGraph {
  let name = '';
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  readMessage(reader, {
    1: (r) => nodes.push(node(r)),
    2: (r) => (name = r.string()),
    5: (r) => initializers.push(tensor(r)),
    11: (r) => inputs.push(valueInfo(r)),
    12: (r) => outputs.push(valueInfo(r)),
  });
  return { name, nodes: nodes.map(named), initializers, inputs, outputs };
}

/** Nodes need no name in ONNX; messages then show what they give. */
function named(one: OnnxNode, index: number): OnnxNode {
  return one.name === '' ? { ...one, name: one.outputs[0] ?? `node ${index}` } : one;
}

/** NodeProto. */
function node(reader: BinaryReader): OnnxNode {
  let name = '';
  let op = '';
  let domain = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  const metadata = new Map<string, string>();
  readMessage(reader, {
    1: (r) => inputs.push(r.string()),
    2: (r) => outputs.push(r.string()),
    3: (r) => (name = r.string()),
    4: (r) => (op = r.string()),
    5: (r) => {
      const [key, value] = attribute(r);
      attributes.set(key, value);
    },
    7: (r) => (domain = r.string()),
    9: (r) => {
      const [key, value] = entry(r);
      metadata.set(key, value);
    },
  });
  return { name, op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes, metadata };
}

/** AttributeProto. */
function attribute(reader: BinaryReader): [name: string, value: OnnxAttribute] {
  let name = '';
  let single: OnnxAttribute | undefined;
  let type = 0;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  readMessage(reader, {
    1: (r) => (name = r.string()),
    2: (r) => (single = r.float()),
    3: (r) => (single = int64(r)),
    4: (r) => (single = new TextDecoder().decode(r.bytes())),
    5: (r) => (single = tensor(r)),
    7: numbersInto(floats, (r) => r.float()),
    8: numbersInto(ints, int64),
    9: (r) => strings.push(new TextDecoder().decode(r.bytes())),
    20: (r) => (type = r.int32()),
  });
  const lists: Readonly<Record<number, OnnxAttribute>> = { 6: floats, 7: ints, 8: strings };
  return [name, lists[type] ?? single ?? absent(type)];
}

/** Zero and the empty text may be left out of the bytes; graphs and sparse tensors are not read. */
function absent(type: number): OnnxAttribute {
  return ({ 1: 0, 2: 0, 3: '' } as Readonly<Record<number, OnnxAttribute>>)[type] ?? null;
}

/** TensorProto. */
function tensor(reader: BinaryReader): OnnxTensor {
  const found: { name: string; dataType: number; raw?: Uint8Array; isExternal: boolean } = {
    name: '',
    dataType: 0,
    isExternal: false,
  };
  const dims: number[] = [];
  const listed: number[] = [];
  const external = new Map<string, string>();
  readMessage(reader, {
    1: numbersInto(dims, int64),
    2: (r) => (found.dataType = r.int32()),
    4: numbersInto(listed, (r) => r.float()),
    5: numbersInto(listed, (r) => r.int32()),
    7: numbersInto(listed, int64),
    8: (r) => (found.name = r.string()),
    9: (r) => (found.raw = r.bytes()),
    10: numbersInto(listed, (r) => r.double()),
    11: numbersInto(listed, (r) => Number(r.uint64())),
    13: (r) => {
      const [key, value] = entry(r);
      external.set(key, value);
    },
    14: (r) => (found.isExternal = r.int32() === 1),
  });
  const { name, dataType, raw, isExternal } = found;
  return { name, dims, dataType, listed, ...(raw && { raw }), ...(isExternal && { external }) };
}

/** StringStringEntryProto. */
function entry(reader: BinaryReader): [key: string, value: string] {
  let key = '';
  let value = '';
  readMessage(reader, { 1: (r) => (key = r.string()), 2: (r) => (value = r.string()) });
  return [key, value];
}

/** ValueInfoProto > TypeProto > TypeProto.Tensor. */
function valueInfo(reader: BinaryReader): OnnxValueInfo {
  let name = '';
  let elementType = 0;
  let shape: (number | string | null)[] | undefined;
  const tensorType: Readonly<Record<number, FieldReader>> = {
    1: (r) => (elementType = r.int32()),
    2: (r) => {
      const extents: (number | string | null)[] = [];
      readMessage(r, { 1: (inner) => extents.push(dimension(inner)) });
      shape = extents;
    },
  };
  readMessage(reader, {
    1: (r) => (name = r.string()),
    2: (r) => readMessage(r, { 1: (inner) => readMessage(inner, tensorType) }),
  });
  return { name, elementType, ...(shape && { shape }) };
}

/** TensorShapeProto.Dimension. */
function dimension(reader: BinaryReader): number | string | null {
  let extent: number | string | null = null;
  readMessage(reader, { 1: (r) => (extent = int64(r)), 2: (r) => (extent = r.string()) });
  return extent;
}
