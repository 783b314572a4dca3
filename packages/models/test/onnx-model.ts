import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { sizeOf } from '@ntk/tensor';

/** `TensorProto.DataType` of what the tests write. */
const TYPES = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  text: 8,
  bool: 9,
  float16: 10,
  double: 11,
  complex: 14,
} as const;
const WIDTHS = {
  float: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  text: 1,
  bool: 1,
  float16: 2,
  double: 8,
  complex: 8,
} as const;

/** A type of entries by its name. */
export type ElementType = keyof typeof TYPES;

/** A tensor in a file. */
export interface TestTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Whether the entries are said to be in a file of their own, `external.bin`. */
  readonly external?: boolean;
}

/** Numbers of single precision. */
export function floats(shape: readonly number[], values: readonly number[]): TestTensor {
  return { type: 'float', shape, values };
}

/** Whole numbers along one axis, such as axes and extents. */
export function ints(...values: readonly number[]): TestTensor {
  return { type: 'int64', shape: [values.length], values };
}

/** Integers are written as such; a decimal number, or one in `{ float }`, as a float. */
export type TestAttribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | TestTensor
  | { readonly float: number };

/** An operation. */
export interface TestNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, TestAttribute>>;
  readonly domain?: string;
  readonly name?: string;
}

/** A value at the border of a graph; null and names for open extents. */
export interface TestValue {
  readonly name: string;
  readonly shape: readonly (number | string | null)[];
  readonly type?: ElementType;
}

/** A model of a test. */
export interface TestModel {
  readonly opset?: number;
  readonly domains?: readonly string[];
  /** Whether operations of the model's own are defined in it. */
  readonly functions?: boolean;
  readonly inputs: readonly TestValue[];
  readonly outputs: readonly TestValue[];
  readonly tensors?: Readonly<Record<string, TestTensor>>;
  readonly nodes: readonly TestNode[];
}

/** The bytes of an ONNX file. Field numbers are those of onnx.proto; comments name the message. */
export function encodeTestModel({ opset = 17, domains = [], functions = false, ...model }: TestModel): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(opset >= 21 ? 10 : 8);
  message(writer, 7, () => graph(writer, model));
  for (const domain of ['', ...domains]) {
    message(writer, 8, () => {
      text(writer, 1, domain);
      writer.tag(2, WireType.Varint).int64(domain === '' ? opset : 1);
    });
  }
  if (functions) message(writer, 25, () => text(writer, 1, 'Own'));
  return writer.finish();
}

function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

/** GraphProto. */
function graph(writer: BinaryWriter, { nodes, tensors = {}, inputs, outputs }: TestModel): void {
  for (const each of nodes) message(writer, 1, () => node(writer, each));
  text(writer, 2, 'test');
  for (const [name, each] of Object.entries(tensors)) message(writer, 5, () => tensor(writer, each, name));
  for (const each of inputs) message(writer, 11, () => value(writer, each));
  for (const each of outputs) message(writer, 12, () => value(writer, each));
}

/** NodeProto. */
function node(writer: BinaryWriter, { op, inputs, outputs, attributes = {}, domain = '', name = op }: TestNode): void {
  for (const each of inputs) text(writer, 1, each);
  for (const each of outputs) text(writer, 2, each);
  text(writer, 3, name);
  text(writer, 4, op);
  for (const [key, each] of Object.entries(attributes)) message(writer, 5, () => attribute(writer, key, each));
  text(writer, 7, domain);
}

/** AttributeProto. */
function attribute(writer: BinaryWriter, name: string, given: TestAttribute): void {
  text(writer, 1, name);
  const type = (number: number): void => void writer.tag(20, WireType.Varint).int32(number);
  if (typeof given === 'number' && Number.isInteger(given)) {
    writer.tag(3, WireType.Varint).int64(given);
    type(2);
  } else if (typeof given === 'number' || (typeof given === 'object' && 'float' in given)) {
    writer.tag(2, WireType.Bit32).float(typeof given === 'number' ? given : given.float);
    type(1);
  } else if (typeof given === 'string') {
    text(writer, 4, given);
    type(3);
  } else if ('shape' in given) {
    message(writer, 5, () => tensor(writer, given, ''));
    type(4);
  } else {
    for (const each of given) {
      if (typeof each === 'number') writer.tag(8, WireType.Varint).int64(each);
      else text(writer, 9, each);
    }
    type(typeof given[0] === 'string' ? 8 : 7);
  }
}

/** TensorProto. */
function tensor(writer: BinaryWriter, { type, shape, values, external = false }: TestTensor, name: string): void {
  for (const extent of shape) writer.tag(1, WireType.Varint).int64(extent);
  writer.tag(2, WireType.Varint).int32(TYPES[type]);
  text(writer, 8, name);
  if (!external) {
    writer.tag(9, WireType.LengthDelimited).bytes(bytesOf(type, values));
    return;
  }
  const entries = { location: 'external.bin', offset: '0', length: String(sizeOf(shape) * WIDTHS[type]) };
  for (const [key, each] of Object.entries(entries)) {
    message(writer, 13, () => {
      text(writer, 1, key);
      text(writer, 2, each);
    });
  }
  writer.tag(14, WireType.Varint).int32(1);
}

function bytesOf(type: ElementType, values: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(values.length * WIDTHS[type]));
  values.forEach((each, i) => {
    const at = i * WIDTHS[type];
    if (type === 'float') bytes.setFloat32(at, each, true);
    else if (type === 'double') bytes.setFloat64(at, each, true);
    else if (type === 'int64') bytes.setBigInt64(at, BigInt(each), true);
    else if (type === 'int32') bytes.setInt32(at, each, true);
    else if (type === 'float16') bytes.setUint16(at, each, true);
    else bytes.setUint8(at, each & 255);
  });
  return new Uint8Array(bytes.buffer);
}

/** ValueInfoProto > TypeProto > TypeProto.Tensor > TensorShapeProto > Dimension. */
function value(writer: BinaryWriter, { name, shape, type = 'float' }: TestValue): void {
  text(writer, 1, name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      writer.tag(1, WireType.Varint).int32(TYPES[type]);
      message(writer, 2, () => {
        for (const extent of shape) {
          message(writer, 1, () => {
            if (typeof extent === 'number') writer.tag(1, WireType.Varint).int64(extent);
            else if (extent !== null) text(writer, 2, extent);
          });
        }
      });
    }),
  );
}
