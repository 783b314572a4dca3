import { conservativeVariance, conservativeVarianceFromWeights, functionSpacePosterior } from '@ntk/gp';
import {
  type LinearOperator,
  type Matrix,
  cholesky,
  choleskySolve,
  diagonalOperator,
  gemm,
  matrix,
  matrixOperator,
  productOperator,
  solve,
  sumOperator,
} from '@ntk/linop';
import { type DType, Rng, asDType, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { openGolden } from './golden.ts';
import { mlpJacobian } from './mlp-jacobian.ts';
import { kernel, randomProblem } from './random-problem.ts';
import { truncatedCg } from './truncated-cg.ts';

interface Case {
  readonly jTrain: Matrix;
  readonly jTest: Matrix;
  readonly priorVariance: Float64Array;
  readonly noiseVariance: Float64Array;
}

/** The share of k** by which a bound may fall short: what issue C grants. */
const SHORTFALL: Record<DType, number> = { float64: 1e-12, float32: 1e-6 };

function randomCase(): Case {
  const { jTrain, jTest, priorVariance, noise } = randomProblem('bounds', { n: 15, m: 6, c: 2, p: 20 });
  return { jTrain, jTest, priorVariance, noiseVariance: noise };
}

function goldenCase(model: string, setting: 'A' | 'B'): Case | undefined {
  const golden = openGolden(model);
  if (golden === undefined) return undefined;
  const { priorVariance, noiseVariance } = golden.setting(setting);
  const jTrain = golden.matrix('J');
  const jTest = mlpJacobian(golden.reference, golden.matrix('Xstar'));
  return {
    jTrain,
    jTest,
    priorVariance: new Float64Array(jTrain.columns).fill(priorVariance),
    noiseVariance: new Float64Array(jTrain.rows).fill(noiseVariance),
  };
}

async function exactOf({ jTrain, jTest, priorVariance, noiseVariance }: Case) {
  const query = { kTestTrain: kernel(jTest, jTrain, priorVariance), kTestTest: kernel(jTest, jTest, priorVariance) };
  const kTrainTrain = kernel(jTrain, jTrain, priorVariance);
  using posterior = await functionSpacePosterior({
    kTrainTrain,
    noise: noiseVariance,
    yTrain: new Float64Array(jTrain.rows),
  });
  const prior = Float64Array.from({ length: jTest.rows }, (_, i) => query.kTestTest.data[i * jTest.rows + i]!);
  return { variance: await posterior.variance(query), prior, query, a: withNoise(kTrainTrain, noiseVariance) };
}

/** A = J S Jᵀ + Σ. */
function withNoise(kernelMatrix: Matrix, noiseVariance: Float64Array): Matrix {
  const a = matrix(kernelMatrix.rows, kernelMatrix.rows, kernelMatrix.data.slice());
  for (let i = 0; i < a.rows; i++) a.data[i * a.rows + i]! += noiseVariance[i]!;
  return a;
}

const CASES: [string, () => Case | undefined][] = [
  ['random features', randomCase],
  ['sine_mlp A', () => goldenCase('sine_mlp', 'A')],
  ['sine_mlp B', () => goldenCase('sine_mlp', 'B')],
  ['mlp2 A', () => goldenCase('mlp2', 'A')],
  ['mlp2 B', () => goldenCase('mlp2', 'B')],
];

describe.each(CASES)('%s', (_, make) => {
  const found = make();
  const skip = found === undefined;

  test.skipIf(skip).each(['float64', 'float32'] as const)('function space, %s products', async (dtype) => {
    const problem = found!;
    const { variance, prior, query, a } = await exactOf(problem);
    const backend = trackTensors(cpuBackend());
    for (const steps of [0, 1, 2, 4, 8, 16, 32]) {
      using jTrain = matrixOperator(problem.jTrain, { backend, dtype });
      using operator = matrixOperator(a, { backend, dtype, tags: ['positive-definite'] });
      const x = await solveRows(operator, query.kTestTrain, steps);
      const bound = await conservativeVariance({ ...problem, jTrain }, problem.jTest, x);
      check(bound, variance, prior, dtype);
      checkExcess(bound, { variance, prior, energies: squaredErrors(a, x, query.kTestTrain) }, dtype);
    }
    expect(backend.describeLive()).toEqual([]);
  });

  test.skipIf(skip).each(['float64', 'float32'] as const)('parameter space, %s products', async (dtype) => {
    // A few test rows: each step costs a product with H for each.
    const all = found!;
    const rows = Math.min(6, all.jTest.rows);
    const jTest = matrix(rows, all.jTest.columns, all.jTest.data.slice(0, rows * all.jTest.columns));
    const problem = { ...all, jTest };
    const { variance, prior, query, a } = await exactOf(problem);
    const backend = cpuBackend();
    using factor = matrixOperator(whitenedJacobian(problem), { backend, dtype });
    using transpose = factor.transpose();
    using fit = productOperator(transpose, factor, { tags: ['positive-definite'] });
    // A frozen parameter gets a large finite precision: the bound holds for any z.
    const precision = problem.priorVariance.map((value) => 1 / Math.max(value, 1e-3));
    using priorPrecision = diagonalOperator(precision, { backend, dtype });
    using operator = sumOperator([priorPrecision, fit]);
    using jTrain = matrixOperator(problem.jTrain, { backend, dtype });
    for (const steps of [0, 1, 2, 4, 8, 16, 32]) {
      const z = await solveRows(operator, problem.jTest, steps);
      const bound = await conservativeVarianceFromWeights({ ...problem, jTrain }, problem.jTest, z);
      check(bound, variance, prior, dtype);
      const x = scaledColumns(await product(jTrain, z), problem.noiseVariance);
      checkExcess(bound, { variance, prior, energies: squaredErrors(a, x, query.kTestTrain) }, dtype);
      if (dtype === 'float32') continue; // The product with J is off by a rounding that Σ⁻¹ enlarges.
      // ‖Σ⁻¹J(z − H⁻¹j*)‖²_A ≤ (1 + ‖F‖²) ‖z − H⁻¹j*‖²_H with F = Σ^{-1/2}JS^{1/2}.
      const errors = squaredWeightErrors(problem, z, choleskySolve(cholesky(a).factor, query.kTestTrain));
      const growth = 1 + squaredFeatureNorm(problem, a);
      bound.forEach((value, i) => {
        expect(value - variance[i]!).toBeLessThanOrEqual(growth * errors[i]! + SHORTFALL[dtype] * prior[i]!);
      });
    }
  });
});

/** The excess is the square of the solver's error, ‖x − A⁻¹k*‖²_A, or where that is worse than none, less. */
function checkExcess(
  bound: Float64Array,
  exact: Record<'variance' | 'prior' | 'energies', Float64Array>,
  dtype: DType,
): void {
  const { variance, prior, energies } = exact;
  bound.forEach((value, i) => {
    const rounding = SHORTFALL[dtype] * prior[i]!;
    expect(value - variance[i]!).toBeLessThanOrEqual(energies[i]! * (1 + 1e-3) + rounding);
    if (value < prior[i]! - rounding)
      expect(value - variance[i]!).toBeGreaterThanOrEqual(energies[i]! * (1 - 1e-3) - rounding);
  });
}

/** ‖z − H⁻¹j*‖²_H for each row, H = JᵀΣ⁻¹J + S⁻¹, from x = A⁻¹k*: H⁻¹j* = S(j* − Jᵀx). Frozen parameters, whose precision is infinite, are left out. */
function squaredWeightErrors({ jTrain, jTest, priorVariance, noiseVariance }: Case, z: Matrix, x: Matrix): number[] {
  const p = jTrain.columns;
  const reached = gemm(x, jTrain);
  const error = matrix(
    z.rows,
    p,
    z.data.map((value, i) => value - priorVariance[i % p]! * (jTest.data[i]! - reached.data[i]!)),
  );
  const outputs = gemm(error, jTrain, { transposeB: true });
  return Array.from({ length: z.rows }, (_, k) => {
    let sum = 0;
    noiseVariance.forEach((variance, i) => (sum += outputs.data[k * noiseVariance.length + i]! ** 2 / variance));
    priorVariance.forEach((variance, i) => (sum += variance > 0 ? error.data[k * p + i]! ** 2 / variance : 0));
    return sum;
  });
}

/** ‖F‖² in the Frobenius norm: the trace of A Σ⁻¹ − I. */
function squaredFeatureNorm({ noiseVariance }: Case, a: Matrix): number {
  return noiseVariance.reduce((sum, variance, i) => sum + a.data[i * a.rows + i]! / variance - 1, 0);
}

/** Each column divided by its scale. */
function scaledColumns(block: Matrix, scale: Float64Array): Matrix {
  return matrix(
    block.rows,
    block.columns,
    block.data.map((value, i) => value / scale[i % block.columns]!),
  );
}

async function product(operator: LinearOperator, z: Matrix): Promise<Matrix> {
  using block = operator.backend.upload(asDType(z.data, operator.dtype), [z.rows, z.columns]);
  using result = await operator.matmul(block);
  return matrix(z.rows, operator.shape[0], Float64Array.from(await operator.backend.read(result)));
}

/** Asserts the promise. */
function check(bound: Float64Array, exact: Float64Array, prior: Float64Array, dtype: DType): void {
  bound.forEach((value, i) => {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeGreaterThanOrEqual(exact[i]! - SHORTFALL[dtype] * prior[i]!);
    expect(value).toBeLessThanOrEqual(prior[i]! * (1 + 1e-6));
  });
}

/** ‖x − A⁻¹b‖²_A for each row of b. */
function squaredErrors(a: Matrix, x: Matrix, b: Matrix): Float64Array {
  const error = choleskySolve(cholesky(a).factor, b);
  for (let i = 0; i < error.data.length; i++) error.data[i]! -= x.data[i]!;
  const image = gemm(error, a);
  return Float64Array.from({ length: b.rows }, (_, k) => {
    let sum = 0;
    for (let i = k * a.rows; i < (k + 1) * a.rows; i++) sum += error.data[i]! * image.data[i]!;
    return sum;
  });
}

async function solveRows(operator: LinearOperator, b: Matrix, steps: number): Promise<Matrix> {
  const data = operator.dtype === 'float64' ? b.data.slice() : new Float32Array(b.data);
  using right = operator.backend.upload(data, [b.rows, b.columns]);
  const { value } = await solve(operator, right, truncatedCg({ steps }), { throwOnFailure: false });
  using owned = value;
  return matrix(b.rows, b.columns, Float64Array.from(await operator.backend.read(owned)));
}

// Σ^{-1/2}J.
function whitenedJacobian({ jTrain, noiseVariance }: Case): Matrix {
  const p = jTrain.columns;
  return matrix(
    jTrain.rows,
    p,
    jTrain.data.map((value, i) => value / Math.sqrt(noiseVariance[Math.floor(i / p)]!)),
  );
}

describe('any x gives a bound', () => {
  const problem = randomCase();
  const backend = cpuBackend();
  const n = problem.jTrain.rows;
  const m = problem.jTest.rows;
  test.each([
    ['zero', () => 0],
    ['noise', (rng: Rng) => rng.normal()],
    ['huge', (rng: Rng) => 1e200 * rng.normal()],
    ['NaN', () => NaN],
    ['infinite', () => -Infinity],
    ['tiny', (rng: Rng) => 1e-300 * rng.normal()],
  ] as const)('%s', async (_, draw) => {
    const { variance, prior } = await exactOf(problem);
    const rng = new Rng('garbage');
    for (const dtype of ['float64', 'float32'] as const) {
      using jTrain = matrixOperator(problem.jTrain, { backend, dtype });
      const x = matrix(
        m,
        n,
        Float64Array.from({ length: m * n }, () => draw(rng)),
      );
      check(await conservativeVariance({ ...problem, jTrain }, problem.jTest, x), variance, prior, dtype);
      const p = problem.jTrain.columns;
      const z = matrix(
        m,
        p,
        Float64Array.from({ length: m * p }, () => draw(rng)),
      );
      check(await conservativeVarianceFromWeights({ ...problem, jTrain }, problem.jTest, z), variance, prior, dtype);
    }
  });

  test('the excess is the square of the error, and an operator for J* gives the same', async () => {
    const { variance, query, a } = await exactOf(problem);
    const exact = choleskySolve(cholesky(a).factor, query.kTestTrain);
    const direction = new Rng('direction').normals(m * n);
    using jTrain = matrixOperator(problem.jTrain, { backend });
    using jTest = matrixOperator(problem.jTest, { backend });
    for (const size of [1e-1, 1e-2, 1e-3]) {
      const error = matrix(
        m,
        n,
        direction.map((value) => 1e-2 * size * value),
      );
      const x = matrix(
        m,
        n,
        exact.data.map((value, i) => value + error.data[i]!),
      );
      const bound = await conservativeVariance({ ...problem, jTrain }, jTest, x);
      expect(bound).toEqual(await conservativeVariance({ ...problem, jTrain }, problem.jTest, x));
      const energy = gemm(gemm(error, a), error, { transposeB: true });
      bound.forEach((value, i) => {
        const expected = energy.data[i * m + i]!;
        expect(Math.abs(value - variance[i]! - expected)).toBeLessThan(1e-6 * expected + 1e-12);
      });
    }
  });

  test('bad arguments', async () => {
    using jTrain = matrixOperator(problem.jTrain, { backend });
    const named = (name: string): unknown => expect.objectContaining({ name });
    const model = { ...problem, jTrain };
    await expect(conservativeVariance(model, problem.jTest, matrix(m, n + 1))).rejects.toEqual(named('ShapeError'));
    await expect(conservativeVariance(model, matrix(m, 3), matrix(m, n))).rejects.toEqual(named('ShapeError'));
    await expect(conservativeVariance({ ...model, noiseVariance: 0 }, problem.jTest, matrix(m, n))).rejects.toEqual(
      named('OptionError'),
    );
    const bad = matrix(
      m,
      problem.jTest.columns,
      problem.jTest.data.map((value, i) => (i === 3 ? NaN : value)),
    );
    await expect(conservativeVariance(model, bad, matrix(m, n))).rejects.toEqual(named('NumericalError'));
  });
});
