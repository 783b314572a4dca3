import { type Matrix, matrix } from '@ntk/linop';

/** Hyperparameters of a Gaussian process with an RBF kernel and Gaussian noise. */
export interface RbfHyperparameters {
  /** ℓ, one for each input, in the units of that input. */
  readonly lengthScales: Float64Array;
  /** s², the variance of the function, in squared units of the targets. */
  readonly signalVariance: number;
  /** σ², in squared units of the targets. */
  readonly noiseVariance: number;
}

/**
 * k(x, x') = s² exp(−½ Σ_d (x_d − x'_d)² / ℓ_d²): the squared-exponential kernel with a length scale for each input.
 *
 * @param a - [n, d]
 * @param b - [m, d]
 * @returns [n, m]
 */
export function rbfKernel(a: Matrix, b: Matrix, { lengthScales, signalVariance }: RbfHyperparameters): Matrix {
  const [left, right] = [scaled(a, lengthScales), scaled(b, lengthScales)];
  const d = a.columns;
  const k = matrix(a.rows, b.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      let distance = 0;
      for (let l = 0; l < d; l++) distance += (left[i * d + l]! - right[j * d + l]!) ** 2;
      k.data[i * b.rows + j] = signalVariance * Math.exp(-distance / 2);
    }
  }
  return k;
}

function scaled({ data, columns }: Matrix, lengthScales: Float64Array): Float64Array {
  return data.map((value, i) => value / lengthScales[i % columns]!);
}
