import { explicitJacobian, linearize, type Linearization, type LinearizeOptions } from '@ntk/jacobian';
import { gemm, matrix, type LinearOperator, type Matrix } from '@ntk/linop';
import { asDType, exampleCount, type Network, type TypedArray } from '@ntk/tensor';
import { constantResidual } from '../file/stored-root.ts';
import type { OutputsLayout } from '../plan/method.ts';
import { systemJacobians, systemRows } from '../systems/system-jacobian.ts';
import type { WeightCovariance } from '../systems/weight-covariance.ts';

/** Candidates whose covariances are wanted. */
export interface CandidateSource {
  readonly network: Network;
  /** [m, …exampleShape] */
  readonly x: TypedArray;
  readonly layout: OutputsLayout;
  readonly execution: LinearizeOptions;
}

const BATCH = 64;

/** The covariances of candidates under one Gaussian process of a posterior. */
export class Candidates {
  /** Rows of a candidate. */
  readonly #q: number;
  readonly #source: CandidateSource;
  readonly #covariance: WeightCovariance;
  readonly #system: number;
  /** J of all candidates, [m·q, features]. */
  readonly #jacobian: LinearOperator;

  /** @param all - the linearization of all candidates; borrowed for the life of this */
  constructor(
    source: CandidateSource,
    parts: { readonly all: Linearization; readonly covariance: WeightCovariance; readonly system: number },
  ) {
    const { all, covariance, system } = parts;
    const jacobians = systemJacobians(all, source.layout);
    this.#source = source;
    this.#covariance = covariance;
    this.#system = system;
    this.#jacobian = jacobians[system] ?? jacobians[0]!;
    this.#q = source.layout === 'full' ? all.c : 1;
  }

  /** Covariances between the rows of each candidate, [m, q, q]. */
  async blocks(): Promise<Float64Array> {
    const { network, x } = this.#source;
    const m = exampleCount(network, x.length);
    const q = this.#q;
    const result = new Float64Array(m * q * q);
    for (let start = 0; start < m; start += BATCH) {
      const rows = await this.#rowsOf(Array.from({ length: Math.min(BATCH, m - start) }, (_, i) => start + i));
      const products = await this.#covariance.times(rows);
      const residual = this.#residual(rows);
      for (let row = 0; row < rows.rows; row++) {
        const first = row - (row % q);
        for (let b = 0; b < q; b++) {
          result[(start * q + row) * q + b] =
            dotRows(rows, row, products, first + b) + this.#constantPart(residual, row, first + b);
        }
      }
    }
    return result;
  }

  /** Covariances of the rows of some candidates with those of all, [k·q, m·q]. */
  async columns(chosen: readonly number[]): Promise<Matrix> {
    const rows = await this.#rowsOf(chosen);
    const products = await this.#covariance.times(rows);
    const { backend, dtype } = this.#jacobian;
    const width = this.#jacobian.shape[0];
    using v = backend.upload(asDType(products.data, dtype), [products.rows, products.columns]);
    using image = await this.#jacobian.matmul(v);
    const columns = matrix(rows.rows, width, Float64Array.from(await backend.read(image)));
    const { constant } = this.#covariance;
    if (constant === undefined) return columns;
    // r = h − J weightsᵀ of all candidates, by one product.
    using w = backend.upload(asDType(constant.weights.data, dtype), [constant.weights.rows, constant.weights.columns]);
    using explained = await this.#jacobian.matmul(w); // [q, m·q]
    const all = matrix(
      constant.weights.rows,
      width,
      Float64Array.from(await backend.read(explained), (value) => -value),
    );
    for (let i = 0; i < width; i++) all.data[(i % all.rows) * width + i]! += 1;
    return gemm(gemm(this.#residual(rows)!, constant.covariance), all, { addTo: columns });
  }

  async #rowsOf(chosen: readonly number[]): Promise<Matrix> {
    const { network, x, layout, execution } = this.#source;
    const size = x.length / exampleCount(network, x.length);
    const inputs = new Float64Array(chosen.length * size);
    chosen.forEach((row, i) => inputs.set(x.subarray(row * size, (row + 1) * size), i * size));
    using linearization = await linearize(network, inputs, execution);
    const rows = systemRows(await explicitJacobian(linearization), linearization.c, layout);
    return rows[this.#system] ?? rows[0]!;
  }

  #residual(rows: Matrix): Matrix | undefined {
    const { constant } = this.#covariance;
    return constant === undefined ? undefined : constantResidual(constant, rows);
  }

  #constantPart(residual: Matrix | undefined, i: number, j: number): number {
    const { constant } = this.#covariance;
    if (residual === undefined || constant === undefined) return 0;
    const { covariance } = constant;
    let sum = 0;
    for (let a = 0; a < covariance.rows; a++) {
      for (let b = 0; b < covariance.rows; b++) {
        sum +=
          residual.data[i * residual.columns + a]! *
          covariance.data[a * covariance.columns + b]! *
          residual.data[j * residual.columns + b]!;
      }
    }
    return sum;
  }
}

function dotRows(a: Matrix, i: number, b: Matrix, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.columns; k++) sum += a.data[i * a.columns + k]! * b.data[j * b.columns + k]!;
  return sum;
}
