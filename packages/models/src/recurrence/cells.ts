import type { ProgramBuilder, Value } from '@ntk/tensor';
import { gatesOf, plus, type Cell, type Function1, type Recurrence } from './cell.ts';

/** What cells of every kind are made of. */
export interface CellParts {
  readonly units: number;
  /** Inputs of all steps times the kernel, plus the bias: [n, steps, gates · units]. */
  readonly prepare: Function1;
  readonly recur: Recurrence;
  readonly activation: Function1;
}

/** h' = activation(W x + U h). Source: Elman (1990). */
export function simpleCell(b: ProgramBuilder, { prepare, recur, activation }: CellParts): Cell {
  return {
    states: 1,
    prepare,
    step: (prepared, [h = null]) => [activation(plus(b, prepared, recur(h, { from: 0, to: 1 })))],
  };
}

/** A long short-term memory beside `CellParts`. */
export interface LongShortTermMemory extends CellParts {
  readonly recurrentActivation: Function1;
  /** What acts on the memory before it is output. */
  readonly outputActivation: Function1;
  /** Where the input, forget, memory and output gates are. */
  readonly order: { readonly i: number; readonly f: number; readonly c: number; readonly o: number };
  /** Weights [units] by which the gates see the memory. */
  readonly peepholes?: { readonly i: Value; readonly f: Value; readonly o: Value };
}

/**
 * c' = σ(f) c + σ(i) activation(g), h' = σ(o) activation(c'), the gates i, f, g, o from W x + U h. Its states are h and c.
 * Source: Hochreiter & Schmidhuber (1997), Gers et al. (2000); peepholes from Gers & Schmidhuber (2000).
 */
export function lstmCell(b: ProgramBuilder, parts: LongShortTermMemory): Cell {
  const { units, prepare, recur, activation, recurrentActivation, outputActivation, order, peepholes } = parts;
  const open = (gate: Value, peephole: Value | undefined, memory: Value | null): Value =>
    recurrentActivation(plus(b, gate, peephole === undefined || memory === null ? null : b.mul(peephole, memory)));
  return {
    states: 2,
    prepare,
    step: (prepared, [h = null, c = null]) => {
      const gate = gatesOf(b, plus(b, prepared, recur(h, { from: 0, to: 4 })), units);
      const written = b.mul(open(gate(order.i), peepholes?.i, c), activation(gate(order.c)));
      const kept = c === null ? null : b.mul(open(gate(order.f), peepholes?.f, c), c);
      const memory = plus(b, written, kept);
      return [b.mul(open(gate(order.o), peepholes?.o, memory), outputActivation(memory)), memory];
    },
  };
}

/** A gated recurrent unit beside `CellParts`. */
export interface GatedRecurrentUnit extends CellParts {
  readonly recurrentActivation: Function1;
  /** Whether the reset gate acts after the product with the recurrent kernel, on it and its bias, or on the previous output before. */
  readonly resetAfter: boolean;
}

/**
 * h' = z h + (1 - z) activation(W x + U (r h)), the gates z and r from W x + U h; they come in the order z, r, candidate.
 * Source: Cho et al. (2014); with the reset after the product as in cuDNN.
 */
export function gruCell(b: ProgramBuilder, parts: GatedRecurrentUnit): Cell {
  const { units, prepare, recur, activation, recurrentActivation, resetAfter } = parts;
  return {
    states: 1,
    prepare,
    step: (prepared, [h = null]) => {
      const inputs = gatesOf(b, prepared, units);
      const recurrent = recur(h, { from: 0, to: resetAfter ? 3 : 2 });
      const own = recurrent === null ? null : gatesOf(b, recurrent, units);
      const open = gatesOf(b, recurrentActivation(plus(b, inputs(0, 2), own === null ? null : own(0, 2))), units);
      const [update, reset] = [open(0), open(1)];
      const past = resetAfter
        ? own && b.mul(reset, own(2))
        : recur(h === null ? null : b.mul(reset, h), { from: 2, to: 3 });
      const candidate = activation(plus(b, inputs(2), past));
      const fresh = b.mul(b.sub(b.scalar(1), update), candidate);
      return [h === null ? fresh : b.add(b.mul(update, h), fresh)];
    },
  };
}

/** Cells of which each reads the output of the one before. Its states are those of the cells, the last first. */
export function stackedCell(cells: readonly Cell[]): Cell {
  const [first] = cells as [Cell];
  const starts = cells.map((_, i) => cells.slice(i + 1).reduce((sum, cell) => sum + cell.states, 0));
  return {
    states: cells.reduce((sum, cell) => sum + cell.states, 0),
    prepare: first.prepare,
    step: (prepared, previous) => {
      const after: (readonly Value[])[] = [];
      cells.forEach((cell, i) => {
        const own = previous.slice(starts[i], starts[i]! + cell.states);
        after.push(cell.step(i === 0 ? prepared : cell.prepare(after[i - 1]![0]!), own));
      });
      return after.toReversed().flat();
    },
  };
}
