import { mulberryVector, type Reference } from '@ntk/reference';
import { relativeError } from '@ntk/tensor/testing';
import { expect } from 'vitest';
import { dot, norm } from './linear-algebra.ts';

/** Compares with the golden values of one network, to a bound of the relative Frobenius error. */
export class GoldenComparison {
  readonly #reference: Reference;
  readonly #bound: number;
  readonly #made = new Map<number, Float64Array>();

  constructor(reference: Reference, bound: number) {
    this.#reference = reference;
    this.#bound = bound;
  }

  /** Whether there is a value, whole or in parts. */
  has(key: string): boolean {
    return this.#reference.has(key) || this.#reference.has(`${key}/sub`);
  }

  /** The directions v [3, p], stored or by their seeds. */
  directions(p: number): Float64Array {
    return this.#reference.has('v') ? this.#reference.array('v').data : joined(this.#vectors('v_mulberry32_seeds', p));
  }

  near(actual: ArrayLike<number>, key: string, bound: number = this.#bound): void {
    expect(relativeError(actual, this.#reference.array(key).data), key).toBeLessThan(bound);
  }

  /** Three parameter vectors [3, p]; those of large networks are known by some entries, projections, and norms and sums of their tensors. */
  nearParameters(actual: Float64Array, key: string, bound: number = this.#bound): void {
    if (this.#reference.has(key)) return this.near(actual, key, bound);
    const p = actual.length / 3;
    const rows = [0, 1, 2].map((k) => actual.subarray(k * p, (k + 1) * p));
    const indices = this.#reference.array('sub_index').data;
    this.near(joined(rows.map((row) => indices.map((i) => row[i]!))), `${key}/sub`, bound);
    const tensors = rows.flatMap((row) =>
      this.#reference.parameters().map(({ offset, size }) => row.subarray(offset, offset + size)),
    );
    this.near(tensors.map(norm), `${key}/tensor_norms`, bound);
    this.#nearSums(tensors.map(sum), tensors.map(sumOfSizes), `${key}/tensor_sums`, bound);
    const probes = this.#vectors('projection_mulberry32_seeds', p);
    const projections = rows.flatMap((row) => probes.map((probe) => dot(row, probe)));
    // A probe has unit variance: the projection of a rounding error is about as large as the error.
    const sizes = rows.flatMap((row) => probes.map(() => norm(row)));
    this.#nearSums(projections, sizes, `${key}/proj`, 10 * bound);
    const whole = `${key}/0/full_float32`;
    // Stored in float32: half a unit in the last place of each entry.
    if (this.#reference.has(whole)) this.near(rows[0]!, whole, Math.max(bound, 2 ** -24));
  }

  /** Sums, each of terms of a size, which may cancel: their errors count against that. */
  #nearSums(actual: readonly number[], sizes: readonly number[], key: string, bound: number): void {
    const golden = this.#reference.array(key).data;
    actual.forEach((value, i) => expect(Math.abs(value - golden[i]!), key).toBeLessThan(bound * sizes[i]!));
  }

  /** The vectors that the seeds of a manifest stand for; long ones take a while to make. */
  #vectors(seeds: string, length: number): Float64Array[] {
    return this.#reference.numbers(seeds).map((seed) => {
      const vector = this.#made.get(seed) ?? mulberryVector(seed, length);
      this.#made.set(seed, vector);
      return vector;
    });
  }
}

function joined(rows: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(rows.reduce((length, row) => length + row.length, 0));
  let start = 0;
  for (const row of rows) {
    all.set(row, start);
    start += row.length;
  }
  return all;
}

function sum(a: Float64Array): number {
  return a.reduce((total, value) => total + value, 0);
}

/** Σ |a_i|. */
function sumOfSizes(a: Float64Array): number {
  return a.reduce((total, value) => total + Math.abs(value), 0);
}
