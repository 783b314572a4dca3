import { sizeOf, type DType, type Program, type TypedArray, type Value } from '@ntk/tensor';

/** Elements up to which an array inside a model costs nothing. */
const SMALL = 1024;

/** Fixed inputs that become literals of the model, by their number. */
export type LiteralInputs = ReadonlyMap<Value, TypedArray>;

/**
 * Which fixed inputs a model should hold itself. ONNX Runtime packs literal filters for convolutions in blocks of channels, which doubles their rate
 * (16 channels: 7.6 ms instead of 13.5 with both transpositions, one core), and multiplies literal scales into them. Matrices gain nothing, and float64
 * has no convolutions. A page without https lacks the Web Crypto that tells sessions by their literals: none there.
 */
export function literalInputs(program: Program, dtype: DType, fixed: LiteralInputs = new Map()): LiteralInputs {
  if (dtype === 'float64' || fixed.size === 0) return new Map();
  const filters = new Set(
    program.nodes.flatMap(({ op, inputs }) => (op === 'conv2d' || op === 'conv2dTranspose' ? [inputs[1]!] : [])),
  );
  if (filters.size === 0 || !hasWebCrypto()) return new Map();
  const isWorthIt = (input: Value): boolean => filters.has(input) || sizeOf(program.inputs[input]!.shape) <= SMALL;
  return new Map([...fixed].filter(([input]) => isWorthIt(input)));
}

function hasWebCrypto(): boolean {
  return (globalThis.crypto as { readonly subtle?: unknown } | undefined)?.subtle !== undefined;
}
