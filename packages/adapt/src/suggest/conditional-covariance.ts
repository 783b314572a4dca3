import { cholesky, choleskyLogDeterminant, gemm, invertLower, matrix, type Matrix } from '@ntk/linop';

/**
 * The covariance of some candidates with q outputs each, under what was observed of some of them so far.
 *
 * It holds the blocks of each candidate, [m, q, q], and for each observation a factor [q, m·q], so that the covariance is the prior one less the
 * sum of GᵀG: a partial Cholesky factorisation, whose pivots carry the noise.
 */
export class ConditionalCovariance {
  readonly #q: number;
  /** Noise variances of the outputs, [q]. */
  readonly #noise: Float64Array;
  readonly #blocks: Float64Array;
  readonly #factors: Matrix[] = [];

  /** @param blocks - covariances within each candidate, [m, q, q]; owned from here on */
  constructor(blocks: Float64Array, noise: Float64Array) {
    this.#q = noise.length;
    this.#noise = noise;
    this.#blocks = blocks;
  }

  /** What a measurement of candidate i would tell, ½ log|I + Σ⁻¹C|, in nats. */
  gain(i: number): number {
    const factor = cholesky(this.#noisyBlock(i)).factor;
    const noise = this.#noise.reduce((sum, variance) => sum + Math.log(variance), 0);
    return Math.max(0, (choleskyLogDeterminant(factor) - noise) / 2);
  }

  /**
   * Takes a measurement of candidate i into account.
   *
   * @param columns - covariances of its rows with those of all candidates before any measurement, [q, m·q]; owned from here on
   *
   * Cost: m·q² multiply-adds for each measurement so far.
   */
  observe(i: number, columns: Matrix): void {
    const q = this.#q;
    for (const factor of this.#factors) {
      const own = matrix(q, q);
      for (let a = 0; a < q; a++) {
        for (let b = 0; b < q; b++) own.data[a * q + b] = factor.data[b * factor.columns + i * q + a]!;
      }
      gemm(own, factor, { alpha: -1, addTo: columns });
    }
    const factor = gemm(invertLower(cholesky(this.#noisyBlock(i)).factor), columns);
    this.#factors.push(factor);
    const width = factor.columns;
    for (let row = 0; row < width; row++) {
      const first = row - (row % q);
      for (let b = 0; b < q; b++) {
        let sum = 0;
        for (let a = 0; a < q; a++) sum += factor.data[a * width + row]! * factor.data[a * width + first + b]!;
        this.#blocks[row * q + b]! -= sum;
      }
    }
  }

  #noisyBlock(i: number): Matrix {
    const q = this.#q;
    const block = matrix(q, q, this.#blocks.slice(i * q * q, (i + 1) * q * q));
    for (let a = 0; a < q; a++) {
      // Rounding may leave a little less than nothing.
      block.data[a * (q + 1)] = Math.max(0, block.data[a * (q + 1)]!) + this.#noise[a]!;
    }
    return block;
  }
}
