import type { ElementKind } from '../graph/traced.ts';

/** What the types of TensorFlow hold; those that are not listed (texts, complex numbers) are not read. */
const kinds: Readonly<Record<string, ElementKind>> = {
  DT_FLOAT: 'float',
  DT_DOUBLE: 'float',
  DT_HALF: 'float',
  DT_BFLOAT16: 'float',
  DT_INT8: 'int',
  DT_INT16: 'int',
  DT_INT32: 'int',
  DT_INT64: 'int',
  DT_UINT8: 'int',
  DT_UINT16: 'int',
  DT_UINT32: 'int',
  DT_UINT64: 'int',
  DT_BOOL: 'bool',
};

/** Their numbers, which some files have in place of the names. Source: tensorflow/core/framework/types.proto. */
const numbers: Readonly<Record<number, string>> = {
  1: 'DT_FLOAT',
  2: 'DT_DOUBLE',
  3: 'DT_INT32',
  4: 'DT_UINT8',
  5: 'DT_INT16',
  6: 'DT_INT8',
  9: 'DT_INT64',
  10: 'DT_BOOL',
  14: 'DT_BFLOAT16',
  17: 'DT_UINT16',
  19: 'DT_HALF',
  22: 'DT_UINT32',
  23: 'DT_UINT64',
};

/** What a type holds, by its name or its number; undefined for one that is not read. */
export function elementOf(type: unknown): ElementKind | undefined {
  return kinds[typeof type === 'number' ? (numbers[type] ?? '') : String(type)];
}
