import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
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
  const steps = stepCount(b, sequence);
  const prepared = cell.byStep ? undefined : cell.prepare(sequence);
  const inputs = (step: number): Value =>
    prepared === undefined ? cell.prepare(stepOf(b, sequence, step)) : stepOf(b, prepared, step);
  const order = Array.from({ length: steps }, (_, i) => (backwards ? steps - 1 - i : i));
  const outputs: Value[] = [];
  let states = initial;
  for (const step of order) {
    const next = cell.step(inputs(step), states);
    states =
      mask === undefined ? next : next.map((state, i) => unlessSkipped(b, stepOf(b, mask, step), state, states[i]!));
    outputs.push(states[0]!);
  }
  return { outputs, states: states as readonly Value[] };
}

/** The new state where a step counts, [n], the old one or zeros elsewhere. */
function unlessSkipped(b: ProgramBuilder, counts: Value, state: Value, old: Value | null): Value {
  const ones = new Array<number>(b.shape(state).length - 1).fill(1);
  return b.where(b.reshape(counts, [-1, ...ones]), state, old ?? b.scalar(0));
}

/** More steps than this are no network that can be unrolled: each has nodes of its own. */
const MOST_STEPS = 10_000;

/** The number of steps of a sequence [n, steps, …]. @throws {UnsupportedError} if they are too many to be unrolled */
export function stepCount(b: ProgramBuilder, sequence: Value): number {
  const steps = b.shape(sequence)[1]!;
  if (steps > MOST_STEPS)
    throw new UnsupportedError(
      `got a sequence of ${steps} steps, expected ${MOST_STEPS} at most, as each is unrolled; shorten the sequences`,
    );
  return steps;
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
