import type { ProgramBuilder, Value } from '@ntk/tensor';

/** A function of one value. */
export type Function1 = (x: Value) => Value;

/**
 * What the previous output contributes to some of a cell's gates, [n, gates · units]: its product with the recurrent kernel, plus the bias that goes
 * with it. No output stands for zeros; null if nothing is contributed.
 */
export type Recurrence = (h: Value | null, gates: { readonly from: number; readonly to: number }) => Value | null;

/** A recurrent cell: what it makes of one step of a sequence. */
export interface Cell {
  /** How many states it carries from step to step; the first is its output. */
  readonly states: number;
  /** What the inputs contribute to the gates, […, channels] → […, gates · units]: those of all steps at once, [n, steps, …], or of one. */
  readonly prepare: Function1;
  /** True if it takes the inputs of one step only, such as images. */
  readonly byStep?: boolean;
  /** The states after one step. @param previous - null stands for zeros, before the first step */
  readonly step: (prepared: Value, previous: readonly (Value | null)[]) => readonly Value[];
}

/** The gates of a value […, gates · units], by their number. */
export function gatesOf(b: ProgramBuilder, value: Value, units: number): (gate: number, count?: number) => Value {
  const axis = b.shape(value).length - 1;
  return (gate, count = 1) => b.slice(value, axis, { start: gate * units, end: (gate + count) * units });
}

/** x + y, or x where there is no y. */
export function plus(b: ProgramBuilder, x: Value, y: Value | null): Value {
  return y === null ? x : b.add(x, y);
}
