import { FormatError } from '@ntk/tensor';

/**
 * Text from the bytes of a file.
 *
 * @throws {FormatError} if they are not UTF-8 text; it names the file format where the first bytes tell
 */
export function decodeText(bytes: Uint8Array, source: string): string {
  const known = SIGNATURES.find(({ start }) => start.every((byte, i) => bytes[i] === byte));
  if (known !== undefined) throw new FormatError(`${source}: ${known.message}`);
  if (bytes.includes(0)) throw binary(source);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw binary(source);
  }
}

const SIGNATURES: readonly { readonly start: readonly number[]; readonly message: string }[] = [
  { start: [0xff, 0xfe], message: 'the text is encoded as UTF-16, expected UTF-8; save it as UTF-8' },
  { start: [0xfe, 0xff], message: 'the text is encoded as UTF-16, expected UTF-8; save it as UTF-8' },
  {
    start: [0x50, 0x4b, 3, 4],
    message: 'the file is a zip archive or an Excel workbook, expected text; export the sheet as CSV',
  },
  { start: [0x1f, 0x8b], message: 'the file is compressed with gzip, expected text; unpack it first' },
  {
    start: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    message: 'the file holds a NumPy array, expected text; give it the ending .npy',
  },
];

function binary(source: string): FormatError {
  return new FormatError(`${source}: the file is binary or not encoded as UTF-8, expected text; save it as UTF-8`);
}
