import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { WireType } from '@bufbuild/protobuf/wire';

/** Reads one field of a message, whose tag is read already. */
export type FieldReader = (reader: BinaryReader, wire: WireType) => void;

/**
 * Reads a message field by field; fields without a reader are passed over.
 *
 * @param length - in bytes; to the end unless given
 * @throws {RangeError | Error} if the bytes are no such message
 */
export function readFields(reader: BinaryReader, fields: Readonly<Record<number, FieldReader>>, length?: number): void {
  const end = length === undefined ? reader.len : reader.pos + length;
  if (end > reader.len) throw new RangeError('a message ends beyond the file');
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    const read = fields[field];
    if (read) read(reader, wire);
    else reader.skip(wire, field);
  }
  if (reader.pos !== end) throw new RangeError('a field ends beyond its message');
}

/** Reads a message that is a field. */
export function readMessage(reader: BinaryReader, fields: Readonly<Record<number, FieldReader>>): void {
  readFields(reader, fields, reader.uint32());
}

/** A field of one number or of a list of them, packed or not: one value is appended for each. */
export function numbersInto(list: number[], next: (reader: BinaryReader) => number): FieldReader {
  return (reader, wire) => {
    if (wire !== WireType.LengthDelimited) {
      list.push(next(reader));
      return;
    }
    const length = reader.uint32();
    const end = reader.pos + length;
    if (end > reader.len) throw new RangeError('a list ends beyond the file');
    while (reader.pos < end) list.push(next(reader));
  };
}

/** A 64-bit integer as a number: ONNX's largest mean 'to the end' and may lose their last digits. */
export function int64(reader: BinaryReader): number {
  return Number(reader.int64());
}
