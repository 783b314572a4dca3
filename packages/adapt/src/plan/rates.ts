import type { Backend, DType } from '@ntk/tensor';

/** How fast a machine is, for plans. */
export interface Rates {
  /** Multiply-adds a second in matrix products on the backend, by dtype. */
  readonly products: Readonly<Record<DType, number>>;
  /** Multiply-adds a second of a Cholesky factorisation. */
  readonly cholesky: number;
  /** Multiply-adds a second of triangular solves and other products in TypeScript. */
  readonly host: number;
  /** Multiply-adds a second of the reduction to tridiagonal form, which the evidence of all variances needs. */
  readonly tridiagonal: number;
  /** Bytes a second that are read or written. */
  readonly memory: number;
  /** Seconds to start a Program. */
  readonly start: number;
}

/** A typical machine with two cores. The same input gives the same plan on every machine; `calibrate` measures another table. */
const NATIVE: Rates = {
  products: { float64: 4e10, float32: 8e10 },
  cholesky: 1e10,
  host: 1.5e9,
  tridiagonal: 1.5e9,
  memory: 4e9,
  start: 1e-3,
};

const PLAIN: Rates = {
  products: { float64: 2e9, float32: 2e9 },
  cholesky: 1e9,
  host: 1.5e9,
  tridiagonal: 1.5e9,
  memory: 4e9,
  start: 1e-4,
};

/** TensorFlow.js and other backends of float32: the products are theirs, and the rest is on the host. */
const FLOAT32: Rates = { ...PLAIN, products: { float64: 2e9, float32: 1e10 }, start: 2e-3 };

/** The fixed table for a backend. */
export function ratesOf({ name, supports }: Pick<Backend, 'name' | 'supports'>): Rates {
  if (name === 'cpu' || name === 'tfjs-cpu') return PLAIN;
  return supports.float64 ? NATIVE : FLOAT32;
}
