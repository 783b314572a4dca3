import type { PrecisionRoot, PriorMean } from '@ntk/gp';
import { type Matrix, gemm, matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';

/** A regression problem that is known by its features, with examples of c outputs. */
export interface RandomProblem {
  readonly jTrain: Matrix;
  readonly jTest: Matrix;
  /** One value a parameter; the last is 0. */
  readonly priorVariance: Float64Array;
  readonly noise: Float64Array;
  readonly yTrain: Float64Array;
  readonly outputs: number;
}

/** Features, targets far from zero, and heteroscedastic noise. */
export function randomProblem(seed: string, size: { n: number; m: number; c: number; p: number }): RandomProblem {
  const rng = new Rng(seed);
  const { n, m, c, p } = size;
  const uniform = (length: number, low: number, high: number) =>
    Float64Array.from({ length }, () => low + (high - low) * rng.uniform());
  const priorVariance = uniform(p, 0.5, 2);
  priorVariance[p - 1] = 0;
  return {
    jTrain: matrix(n * c, p, rng.normals(n * c * p)),
    jTest: matrix(m * c, p, rng.normals(m * c * p)),
    priorVariance,
    noise: uniform(n * c, 0.1, 0.4),
    yTrain: rng.normals(n * c).map((value, i) => 3 * value + 20 * ((i % c) + 1)),
    outputs: c,
  };
}

/** J S J'ᵀ. */
export function kernel(a: Matrix, b: Matrix, priorVariance: Float64Array): Matrix {
  const scaled = matrix(
    a.rows,
    a.columns,
    a.data.map((value, i) => value * priorVariance[i % a.columns]!),
  );
  return gemm(scaled, b, { transposeB: true });
}

/** The kernel matrices of a problem. */
export function kernels({ jTrain, jTest, priorVariance }: RandomProblem): {
  kTrainTrain: Matrix;
  kTestTrain: Matrix;
  kTestTest: Matrix;
} {
  return {
    kTrainTrain: kernel(jTrain, jTrain, priorVariance),
    kTestTrain: kernel(jTest, jTrain, priorVariance),
    kTestTest: kernel(jTest, jTest, priorVariance),
  };
}

/** The three kinds of prior mean. */
export function priorMeans({ yTrain, outputs }: RandomProblem): Record<string, PriorMean | undefined> {
  return {
    zero: undefined,
    fixed: { kind: 'fixed', values: yTrain.map((y, i) => 0.9 * y + (i % 3)) },
    constant: { kind: 'constant', outputs },
  };
}

/** The categorical curvature diag π − ππᵀ by its root diag √π − π√πᵀ, singular, for n examples of c classes. */
export function categoricalRoot(n: number, c: number): PrecisionRoot {
  const blocks = new Float64Array(n * c * c);
  for (let example = 0; example < n; example++) {
    const weights = Float64Array.from({ length: c }, (_, a) => 1 + ((example + 2 * a) % 4));
    const total = weights.reduce((sum, w) => sum + w, 0);
    for (let i = 0; i < c; i++) {
      for (let j = 0; j < c; j++) {
        const [pi, pj] = [weights[i]! / total, weights[j]! / total];
        blocks[(example * c + i) * c + j] = (i === j ? Math.sqrt(pi) : 0) - pi * Math.sqrt(pj);
      }
    }
  }
  return { rows: n * c, size: c, blocks };
}

/** The rows and columns of a square matrix that are listed. */
export function submatrix(a: Matrix, rows: readonly number[], columns: readonly number[]): Matrix {
  return matrix(
    rows.length,
    columns.length,
    Float64Array.from(rows.flatMap((i) => columns.map((j) => a.data[i * a.columns + j]!))),
  );
}
