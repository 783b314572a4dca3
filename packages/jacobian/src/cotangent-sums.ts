import type { ProgramBuilder, Shape, Value } from '@ntk/tensor';
import { addTerms, zeroTangent } from './rules/align.ts';
import type { Placement } from './rules/placement.ts';

/** A part of a cotangent, [k, …], with its place in it and its extent along the axis. */
interface Part extends Placement {
  readonly end: number;
  readonly value: Value;
}

/**
 * The cotangents of values while they are summed over the values' uses.
 *
 * Cotangents of parts that do not overlap, such as the gates or the steps of a recurrent layer, are put side by side: padding each with zeros and adding them up
 * would cost as many passes over the whole as there are parts.
 */
export class CotangentSums {
  readonly #builder: ProgramBuilder;
  readonly #sums: Map<Value, Value>;
  readonly #parts = new Map<Value, { readonly shape: Shape; readonly list: Part[] }>();

  /** @param seeds - cotangents to begin with, by value */
  constructor(builder: ProgramBuilder, seeds: ReadonlyMap<Value, Value>) {
    this.#builder = builder;
    this.#sums = new Map(seeds);
  }

  /** Adds the cotangent of a use of the whole value. */
  add(value: Value, cotangent: Value): void {
    this.#sums.set(value, addTerms(this.#builder, [this.#sums.get(value) ?? null, cotangent]));
  }

  /** Adds the cotangent of a use of a part of a value of the given shape. */
  addPart(value: Value, cotangent: Value, place: Placement & { readonly shape: Shape }): void {
    const { axis, start, shape } = place;
    const end = start + this.#builder.shape(cotangent)[axis + 1]!;
    const known = this.#parts.get(value)?.list ?? [];
    this.#parts.set(value, { shape, list: [...known, { axis, start, end, value: cotangent }] });
  }

  /** The sum so far, or undefined if nothing was added. */
  get(value: Value): Value | undefined {
    const parts = this.#parts.get(value);
    if (parts === undefined) return this.#sums.get(value);
    this.#parts.delete(value);
    for (const row of rowsOf(parts.list)) this.add(value, this.#sideBySide(row, parts.shape));
    return this.#sums.get(value);
  }

  /** All sums. */
  finish(): ReadonlyMap<Value, Value> {
    for (const value of [...this.#parts.keys()]) this.get(value);
    return this.#sums;
  }

  /** Parts along one axis that do not overlap, in their order, with zeros between them. */
  #sideBySide(row: readonly Part[], shape: Shape): Value {
    const b = this.#builder;
    const [{ axis, value: first }] = row as [Part];
    const k = b.shape(first)[0]!;
    const pieces: Value[] = [];
    let reached = 0;
    const fillTo = (place: number): void => {
      if (place > reached) pieces.push(zeroTangent(b, k, shape.with(axis, place - reached)));
    };
    for (const { start, end, value } of row) {
      fillTo(start);
      pieces.push(value);
      reached = end;
    }
    fillTo(shape[axis]!);
    return b.concat(pieces, axis + 1);
  }
}

/** Parts in rows along one axis, within which none overlap. */
function rowsOf(parts: readonly Part[]): Part[][] {
  const rows: Part[][] = [];
  for (const part of parts.toSorted((p, q) => p.axis - q.axis || p.start - q.start)) {
    const row = rows.find((each) => each.at(-1)!.axis === part.axis && each.at(-1)!.end <= part.start);
    if (row) row.push(part);
    else rows.push([part]);
  }
  return rows;
}
