import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Literal, OnnxAttribute, OnnxModel, OnnxNode, OnnxValue } from './model.ts';

/** Operator set of the models: the first in which both reductions take their axes as an input. Runtimes since 1.14 (2023) read it. */
const OPSET = 18;
/** Format version that belongs to it. */
const IR_VERSION = 8;
/** Version of every other operator set that nodes are from. */
const OTHER_OPSET = 1;

/** `AttributeProto.AttributeType`. */
const INT = 2;
const STRING = 3;
const INTS = 7;

/**
 * The bytes of an ONNX file. Field numbers are those of onnx.proto (ONNX 1.13); comments name the message.
 *
 * @returns bytes that own their whole buffer
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(IR_VERSION);
  writer.tag(2, WireType.LengthDelimited).string('ntk');
  message(writer, 7, () => graph(writer, model));
  // OperatorSetIdProto; the default domain is the standard operators.
  message(writer, 8, () => writer.tag(2, WireType.Varint).int64(OPSET));
  for (const domain of new Set(model.nodes.flatMap((each) => each.domain ?? []))) {
    message(writer, 8, () => {
      string(writer, 1, domain);
      writer.tag(2, WireType.Varint).int64(OTHER_OPSET);
    });
  }
  return writer.finish();
}

function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function string(writer: BinaryWriter, field: number, text: string): void {
  writer.tag(field, WireType.LengthDelimited).string(text);
}

/** GraphProto. */
function graph(writer: BinaryWriter, model: OnnxModel): void {
  for (const each of model.nodes) message(writer, 1, () => node(writer, each));
  string(writer, 2, model.name);
  for (const each of model.literals) message(writer, 5, () => literal(writer, each));
  for (const each of model.inputs) message(writer, 11, () => valueInfo(writer, each));
  for (const each of model.outputs) message(writer, 12, () => valueInfo(writer, each));
}

/** NodeProto. */
function node(writer: BinaryWriter, { type, domain, inputs, output, attributes }: OnnxNode): void {
  for (const name of inputs) string(writer, 1, name);
  string(writer, 2, output);
  string(writer, 3, output);
  string(writer, 4, type);
  for (const [name, value] of Object.entries(attributes)) message(writer, 5, () => attribute(writer, name, value));
  if (domain !== undefined) string(writer, 7, domain);
}

/** AttributeProto. */
function attribute(writer: BinaryWriter, name: string, value: OnnxAttribute): void {
  string(writer, 1, name);
  if (typeof value === 'number') {
    writer.tag(3, WireType.Varint).int64(value);
    writer.tag(20, WireType.Varint).int32(INT);
  } else if (typeof value === 'string') {
    string(writer, 4, value);
    writer.tag(20, WireType.Varint).int32(STRING);
  } else {
    for (const each of value) writer.tag(8, WireType.Varint).int64(each);
    writer.tag(20, WireType.Varint).int32(INTS);
  }
}

/** TensorProto. */
function literal(writer: BinaryWriter, { name, element, dims, bytes }: Literal): void {
  for (const extent of dims) writer.tag(1, WireType.Varint).int64(extent);
  writer.tag(2, WireType.Varint).int32(element);
  string(writer, 8, name);
  writer.tag(9, WireType.LengthDelimited).bytes(bytes);
}

/** ValueInfoProto > TypeProto > TypeProto.Tensor > TensorShapeProto > Dimension. */
function valueInfo(writer: BinaryWriter, { name, element, dims }: OnnxValue): void {
  const dimension = (extent: number) => message(writer, 1, () => writer.tag(1, WireType.Varint).int64(extent));
  const tensor = () => {
    writer.tag(1, WireType.Varint).int32(element);
    message(writer, 2, () => dims.forEach(dimension));
  };
  string(writer, 1, name);
  message(writer, 2, () => message(writer, 1, tensor));
}
