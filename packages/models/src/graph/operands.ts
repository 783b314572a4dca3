import { UnsupportedError, sizeOf } from '@ntk/tensor';
import { asNumber, type Extent } from './extent.ts';
import type { StaticTensor, Traced } from './traced.ts';

/** An input that an operation cannot do without. */
export function required(inputs: readonly (Traced | undefined)[], index: number): Traced {
  const input = inputs[index];
  if (input === undefined) throw new UnsupportedError(`got no input ${index}, expected one`);
  return input;
}

/** An input that has to be known while the graph is read. @throws {UnsupportedError} if it is computed from the network's input */
export function knownInput(inputs: readonly (Traced | undefined)[], index: number, what: string): StaticTensor {
  const input = required(inputs, index);
  if (input.kind === 'static') return input;
  throw new UnsupportedError(`got ${what} that depend on the network's input, expected fixed ones`);
}

/** Whole numbers that may be multiples of the number of examples, as of a shape. */
export function extentsIn(tensor: StaticTensor): Extent[] {
  return Array.from<Extent>(tensor.values());
}

/** Numbers of a static tensor. */
export function numbersIn(tensor: StaticTensor, what: string): number[] {
  return extentsIn(tensor).map((value) => asNumber(value, what));
}

/** The one number of a static tensor. */
export function numberIn(tensor: StaticTensor, what: string): number {
  if (sizeOf(tensor.shape) !== 1)
    throw new UnsupportedError(`got ${sizeOf(tensor.shape)} numbers as ${what}, expected one`);
  return numbersIn(tensor, what)[0]!;
}
