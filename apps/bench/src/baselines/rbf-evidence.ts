import type { Evaluation } from '@ntk/gp';
import { type Matrix, choleskyInverse, choleskyLogDeterminant, tryCholesky } from '@ntk/linop';
import { rbfKernel, type RbfHyperparameters } from './rbf-kernel.ts';

/** Least noise variance: below it, nearly noise-free targets would make the kernel matrix singular. */
const NOISE_FLOOR = 1e-6;

/** Hyperparameters from unconstrained variables: log ℓ_1 … log ℓ_d, log s², log(σ² − floor). For targets of about unit variance. */
export function hyperparametersOf(theta: Float64Array): RbfHyperparameters {
  return {
    lengthScales: theta.subarray(0, -2).map(Math.exp),
    signalVariance: Math.exp(theta.at(-2)!),
    noiseVariance: NOISE_FLOOR + Math.exp(theta.at(-1)!),
  };
}

/**
 * −log p(y) and its gradient by the unconstrained variables, the constant mean integrated out under a flat prior.
 *
 * With A = K + σ²I, u = A⁻¹1, a = 1ᵀu and α = A⁻¹(y − β1), β = uᵀy/a: log p(y) = −½ (yᵀα + log|A| + log a + (n − 1) log 2π), and its
 * derivative along dA is ½ tr[(ααᵀ + uuᵀ/a − A⁻¹) dA]. Infinite where A is not positive definite to rounding.
 *
 * @param x - inputs, [n, d]
 * @param y - targets, [n]
 *
 * Cost: about n³ multiply-adds. Source: Rasmussen & Williams (2006), equations 2.45 and 5.9.
 */
export function rbfEvidence(x: Matrix, y: Float64Array, theta: Float64Array): Evaluation {
  const n = x.rows;
  const hyperparameters = hyperparametersOf(theta);
  const infinite = { value: Infinity, gradient: new Float64Array(theta.length) };
  if (
    ![hyperparameters.signalVariance, hyperparameters.noiseVariance, ...hyperparameters.lengthScales].every(isUsable)
  ) {
    return infinite;
  }
  const k = rbfKernel(x, x, hyperparameters);
  const a = { ...k, data: k.data.slice() };
  for (let i = 0; i < n; i++) a.data[i * n + i]! += hyperparameters.noiseVariance;
  const cholesky = tryCholesky(a, { inPlace: true, jitter: { limit: 0 } });
  if (cholesky.status !== 'converged') return infinite;
  const inverse = choleskyInverse(cholesky.factor);
  const u = times(inverse, new Float64Array(n).fill(1));
  const total = u.reduce((sum, value) => sum + value, 0);
  const beta = dot(u, y) / total;
  const residual = y.map((value) => value - beta);
  const alpha = times(inverse, residual);
  const value =
    (dot(residual, alpha) +
      choleskyLogDeterminant(cholesky.factor) +
      Math.log(total) +
      (n - 1) * Math.log(2 * Math.PI)) /
    2;
  // W of d(−log p) = −½ tr(W dA), overwriting the inverse.
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++)
      inverse.data[i * n + j] = alpha[i]! * alpha[j]! + (u[i]! * u[j]!) / total - inverse.data[i * n + j]!;
  }
  return { value, gradient: gradientOf(x, k, inverse, theta) };
}

function gradientOf(x: Matrix, k: Matrix, w: Matrix, theta: Float64Array): Float64Array {
  const { rows: n, columns: d, data } = x;
  const gradient = new Float64Array(theta.length);
  const weights = theta.subarray(0, d).map((log) => Math.exp(-2 * log)); // 1/ℓ²
  for (let i = 0; i < n; i++) {
    gradient[d]! -= (w.data[i * n + i]! * k.data[i * n + i]!) / 2;
    gradient[d + 1]! -= (w.data[i * n + i]! * Math.exp(theta[d + 1]!)) / 2;
    for (let j = 0; j < i; j++) {
      const entry = w.data[i * n + j]! * k.data[i * n + j]!; // twice a half: (i, j) and (j, i)
      gradient[d]! -= entry;
      for (let l = 0; l < d; l++) gradient[l]! -= entry * weights[l]! * (data[i * d + l]! - data[j * d + l]!) ** 2;
    }
  }
  return gradient;
}

function isUsable(value: number): boolean {
  return value > 0 && Number.isFinite(value);
}

function times({ rows, columns, data }: Matrix, x: Float64Array): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => dot(data.subarray(i * columns, (i + 1) * columns), x));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
