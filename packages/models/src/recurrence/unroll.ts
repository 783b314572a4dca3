import type { ProgramBuilder, Value } from '@ntk/tensor';
import type { Cell } from './cell.ts';

/** A sequence and how to go through it. */
export interface Passage {
  /** [n, steps, …]. */
  readonly sequence: Value;
  /** Before the first step; null stands for zeros. */
  readonly initial: readonly (Value | null)[];
  readonly backwards: boolean;
  /** 1 for steps that count; at others the states stay: [n, steps]. */
  readonly mask: Value | undefined;
}

/** What a cell makes of a sequence. */
export interface Passed {
  /** Its output after each step, in the order in which it took them: [n, units] each. */
  readonly outputs: readonly Value[];
  /** Its states after the last one. */
  readonly states: readonly Value[];
}

/**
 * Applies a cell to every step of a sequence of fixed length.
 *
 * What inputs contribute is one product for all steps; a step is then a product with the recurrent kernel and a few elementwise operations.
 */
export function unroll(b: ProgramBuilder, cell: Cell, { sequence, initial, backwards, mask }: Passage): Passed {
  const steps = b.shape(sequence)[1]!;
  const prepared = cell.prepare(sequence);
  const order = Array.from({ length: steps }, (_, i) => (backwards ? steps - 1 - i : i));
  const outputs: Value[] = [];
  let states = initial;
  for (const step of order) {
    const next = cell.step(stepOf(b, prepared, step), states);
    const counts = mask === undefined ? undefined : b.slice(mask, 1, { start: step, end: step + 1 }); // [n, 1]
    states = counts === undefined ? next : next.map((state, i) => b.where(counts, state, states[i] ?? b.scalar(0)));
    outputs.push(states[0]!);
  }
  return { outputs, states: states as readonly Value[] };
}

/** One step of a sequence [n, steps, …], [n, …]. */
export function stepOf(b: ProgramBuilder, sequence: Value, step: number): Value {
  return b.reshape(b.slice(sequence, 1, { start: step, end: step + 1 }), [-1, ...b.shape(sequence).slice(2)]);
}

/** Steps as a sequence, [n, steps, …]. */
export function sequenceOf(b: ProgramBuilder, steps: readonly Value[]): Value {
  return b.concat(
    steps.map((step) => b.reshape(step, [-1, 1, ...b.shape(step).slice(1)])),
    1,
  );
}
