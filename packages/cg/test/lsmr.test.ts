import { type LsmrOptions, type LsmrSolution, cg, lsmr } from '@ntk/cg';
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
  syrk,
} from '@ntk/linop';
import { geometricSpectrum, randomMatrix, readBlock, uploadBlock } from '@ntk/linop/testing';
import { type DType, Rng, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { U, relativeDistance } from './kernels.ts';
import { orthonormalBasis } from './orthonormal-basis.ts';

const backend = cpuBackend();

interface Attempt {
  readonly x: Matrix;
  readonly solution: LsmrSolution;
}

async function attempt(J: LinearOperator, b: Matrix, options: LsmrOptions = {}): Promise<Attempt> {
  const solver = lsmr(options);
  using state = await solver.init(J);
  using right = uploadBlock(b, J.backend, J.dtype);
  const solution = await solver.compute(state, right);
  using value = solution.value;
  return { x: await readBlock(value), solution };
}

/** J = Σ σ_i u_i v_iᵀ with random orthonormal u, v, and the part of a right-hand side that no x reaches. */
function leastSquares(rows: number, columns: number, singularValues: ArrayLike<number>, rng: Rng) {
  const u = orthonormalBasis(columns + 1, rows, rng);
  const v = orthonormalBasis(columns, columns, rng);
  const weighted = matrix(
    columns,
    columns,
    v.data.map((entry, i) => entry * singularValues[Math.floor(i / columns)]!),
  );
  const left = matrix(columns, rows, u.data.slice(0, columns * rows));
  return { j: gemm(left, weighted, { transposeA: true }), beyond: u.data.slice(columns * rows) };
}

/** (JᵀJ + λ²I)⁻¹Jᵀb by a Cholesky factor, for well-conditioned problems. */
function normalEquations(j: Matrix, b: Matrix, damping: number): Matrix {
  const a = syrk(j, { transposeA: true });
  for (let i = 0; i < a.rows; i++) a.data[i * a.rows + i]! += damping ** 2;
  return choleskySolve(cholesky(a).factor, gemm(b, j));
}

describe('lsmr', () => {
  it.each(
    [
      [12, 5],
      [9, 9],
      [5, 12],
      [1, 1],
      [1, 4],
      [4, 1],
    ].flatMap(([rows, columns]) => [0.3, 2].map((damping) => ({ rows: rows!, columns: columns!, damping }))),
  )('agrees with the normal equations: $rows × $columns, damping $damping', async ({ rows, columns, damping }) => {
    const rng = new Rng(rows * columns);
    const j = randomMatrix(rows, columns, rng);
    const b = randomMatrix(4, rows, rng);
    b.data.fill(0, rows, 2 * rows);
    using J = matrixOperator(j, { backend });
    const { x, solution } = await attempt(J, b, { damping, rtol: 1e-13 });
    expect(solution.status, solution.message).toBe('converged');
    expect(relativeDistance(x, normalEquations(j, b, damping))).toBeLessThan(1e-10);
    expect([...x.data.subarray(columns, 2 * columns)].every((entry) => entry === 0)).toBe(true);
    expect(solution.stats.residual[1]).toBe(0);
    expect(Math.max(...solution.stats.optimality)).toBeLessThanOrEqual(1e-13);
  });

  it('solves least squares of condition 1e8, where conjugate gradients on the normal equations fail', async () => {
    const rng = new Rng(1);
    const [rows, columns] = [60, 25];
    const { j, beyond } = leastSquares(rows, columns, geometricSpectrum(columns, 1e8), rng);
    const truth = randomMatrix(2, columns, rng);
    const b = gemm(truth, j, { transposeB: true });
    // The second right-hand side is out of reach by as much as it is in reach.
    const length = Math.hypot(...b.data.subarray(rows));
    for (let i = 0; i < rows; i++) b.data[rows + i]! += length * beyond[i]!;
    using J = matrixOperator(j, { backend });
    const { x, solution } = await attempt(J, b, { rtol: 1e-15, reorthogonalize: true, maxSteps: 60 });
    const errors = [0, 1].map((row) => distanceOfRows(x, truth, row));
    // Condition times rounding where b is in reach; with a residual the condition counts twice, as for any method (Wedin 1973).
    expect(errors[0]).toBeLessThan(100 * 1e8 * U);
    expect(solution.stats.steps).toBeLessThanOrEqual(60);
    expect(solution.stats.optimality[1]).toBeLessThan(1e-13);

    using transpose = J.transpose();
    using normal = productOperator(transpose, J, { tags: ['positive-definite'] });
    using right = uploadBlock(gemm(b, j), backend, 'float64');
    const solver = cg({ rtol: 1e-15, reorthogonalize: true, maxSteps: 60 });
    using state = await solver.init(normal);
    const squared = await solver.compute(state, right);
    using value = squared.value;
    // A small residual of the squared system is no small error: its condition is 1e16.
    expect(distanceOfRows(await readBlock(value), truth, 0)).toBeGreaterThan(1000 * errors[0]!);
  });

  it('needs no more steps than unknowns with reorthogonalisation, and its claims are true without', async () => {
    const rng = new Rng(2);
    const { j } = leastSquares(40, 20, geometricSpectrum(20, 1e4), rng);
    const truth = randomMatrix(3, 20, rng);
    const b = gemm(truth, j, { transposeB: true });
    using J = matrixOperator(j, { backend });
    const short = await attempt(J, b, { rtol: 1e-13, reorthogonalize: true });
    const long = await attempt(J, b, { rtol: 1e-13 });
    for (const { x, solution } of [short, long]) {
      expect(solution.status, solution.message).toBe('converged');
      expect(relativeDistance(x, truth)).toBeLessThan(1e4 * 1e-12);
      const residual = gemm(x, j, { transposeB: true });
      expect(relativeDistance(residual, b)).toBeLessThan(1e-11);
    }
    expect(short.solution.stats.steps).toBeLessThanOrEqual(21);
    expect(long.solution.stats.steps).toBeGreaterThan(short.solution.stats.steps);
  });

  it('gives the posterior mean in parameter space: Σ^{-1/2} J S^{1/2} with damping 1', async () => {
    const rng = new Rng(3);
    const [rows, columns] = [30, 12];
    const j = randomMatrix(rows, columns, rng);
    const noise = Float64Array.from({ length: rows }, () => 0.1 + rng.uniform());
    const prior = Float64Array.from({ length: columns }, (_, i) => (i % 4 === 3 ? 0 : 0.5 + rng.uniform()));
    const r = randomMatrix(1, rows, rng);
    using J = matrixOperator(j, { backend });
    using left = diagonalOperator(
      noise.map((value) => 1 / Math.sqrt(value)),
      { backend },
    );
    using right = diagonalOperator(prior.map(Math.sqrt), { backend });
    using JS = productOperator(J, right);
    using whitened = productOperator(left, JS);
    const b = matrix(
      1,
      rows,
      r.data.map((entry, i) => entry / Math.sqrt(noise[i]!)),
    );
    const { x } = await attempt(whitened, b, { damping: 1, rtol: 1e-14 });
    const w = x.data.map((entry, i) => entry * Math.sqrt(prior[i]!));
    // Function space: S Jᵀ (J S Jᵀ + Σ)⁻¹ r.
    const js = matrix(
      rows,
      columns,
      j.data.map((entry, i) => entry * prior[i % columns]!),
    );
    const a = gemm(js, j, { transposeB: true });
    for (let i = 0; i < rows; i++) a.data[i * rows + i]! += noise[i]!;
    const expected = gemm(choleskySolve(cholesky(a).factor, r), js);
    expect(relativeDistance(matrix(1, columns, w), expected)).toBeLessThan(1e-12);
    // A frozen parameter does not move.
    expect([3, 7, 11].map((i) => w[i])).toEqual([0, 0, 0]);
  });

  it.each<DType>(['float64', 'float32'])('says what residual it reached, and no more: %s', async (dtype) => {
    const rng = new Rng(4);
    const { j, beyond } = leastSquares(30, 10, geometricSpectrum(10, 50), rng);
    const b = gemm(randomMatrix(3, 10, rng), j, { transposeB: true });
    for (let i = 0; i < 30; i++) b.data[i]! += 2 * beyond[i]!;
    using J = matrixOperator(j, { backend, dtype });
    const u = dtype === 'float64' ? U : 2 ** -24;
    const { x, solution } = await attempt(J, b);
    expect(solution.status, solution.message).toBe('converged');
    const jx = gemm(x, j, { transposeB: true });
    [0, 1, 2].forEach((row) => {
      const right = b.data.subarray(row * 30, row * 30 + 30);
      const r = right.map((entry, i) => entry - jx.data[row * 30 + i]!);
      const truth = Math.hypot(...r) / Math.hypot(...right);
      expect(Math.abs(truth - solution.stats.residual[row]!)).toBeLessThan(200 * u);
    });
    expect(solution.stats.residual[0]).toBeGreaterThan(0.1);
    const strict = await attempt(J, b, { rtol: dtype === 'float64' ? 1e-18 : 1e-9 });
    expect(strict.solution.status).toBe('breakdown');
    expect(strict.solution.message).toMatch(/no longer falls/);
  });

  it('stops each right-hand side by itself, and keeps a bad one from spoiling the others', async () => {
    const rng = new Rng(5);
    const j = randomMatrix(15, 10, rng);
    const b = randomMatrix(4, 15, rng);
    b.data[20] = NaN;
    b.data.set(
      j.data.filter((_, i) => i % 10 === 2),
      45,
    );
    using J = matrixOperator(j, { backend });
    const { x, solution } = await attempt(J, b, { damping: 0.1 });
    expect(solution.status).toBe('non-finite-input');
    expect(solution.stats.columns.map(({ status }) => status)).toEqual([
      'converged',
      'non-finite-input',
      'converged',
      'converged',
    ]);
    expect(x.data.subarray(10, 20).every(Number.isNaN)).toBe(true);
    const good = matrix(1, 15, b.data.slice(0, 15));
    expect(distanceOfRows(x, normalEquations(j, good, 0.1), 0)).toBeLessThan(1e-9);
  });

  it('says non-finite-input for NaN in the operator, and max-steps where they are too few', async () => {
    const rng = new Rng(6);
    const j = randomMatrix(10, 8, rng);
    const b = randomMatrix(2, 10, rng);
    using J = matrixOperator(j, { backend });
    const few = await attempt(J, b, { maxSteps: 2 });
    expect(few.solution.status).toBe('max-steps');
    expect(few.solution.stats.columns.map(({ steps }) => steps)).toEqual([2, 2]);
    expect(few.solution.message).toMatch(/maxSteps/);
    using broken = matrixOperator(
      matrix(
        10,
        8,
        j.data.map((entry, i) => (i === 3 ? NaN : entry)),
      ),
      { backend },
    );
    const { x, solution } = await attempt(broken, b);
    expect(solution.status).toBe('non-finite-input');
    expect(x.data.every(Number.isNaN)).toBe(true);
  });

  it('answers zero where no x helps, and for a zero operator', async () => {
    const rng = new Rng(7);
    const { j, beyond } = leastSquares(12, 4, [1, 1, 1, 1], rng);
    using J = matrixOperator(j, { backend });
    const outside = await attempt(J, matrix(1, 12, beyond), { rtol: 1e-12 });
    expect(outside.solution.status).toBe('converged');
    expect(Math.hypot(...outside.x.data)).toBeLessThan(1e-14);
    expect(outside.solution.stats.residual[0]).toBeCloseTo(1, 12);
    using zero = matrixOperator(matrix(5, 3), { backend });
    const nothing = await attempt(zero, randomMatrix(1, 5, rng));
    expect(nothing.solution.status).toBe('converged');
    expect([...nothing.x.data]).toEqual([0, 0, 0]);
  });

  it.each([1e-200, 1e200])('does not depend on the scale of b: %d', async (scale) => {
    const rng = new Rng(8);
    const j = randomMatrix(9, 4, rng);
    const b = randomMatrix(1, 9, rng);
    using J = matrixOperator(j, { backend });
    const near = await attempt(J, b);
    const far = await attempt(
      J,
      matrix(
        1,
        9,
        b.data.map((entry) => entry * scale),
      ),
    );
    const back = matrix(
      1,
      4,
      far.x.data.map((entry) => entry / scale),
    );
    expect(relativeDistance(back, near.x)).toBeLessThan(1e-9);
  });

  it('leaves nothing behind, and gives the same numbers again', async () => {
    const rng = new Rng(9);
    const tracked = trackTensors(cpuBackend());
    const j = randomMatrix(20, 9, rng);
    const b = randomMatrix(3, 20, rng);
    const results: Matrix[] = [];
    for (let run = 0; run < 2; run++) {
      using J = matrixOperator(j, { backend: tracked });
      results.push((await attempt(J, b)).x);
    }
    expect(results[1]!.data).toEqual(results[0]!.data);
    expect(tracked.describeLive()).toEqual([]);
    expect(tracked.liveExecutables).toBe(0);
  });

  it('checks its door', async () => {
    expect(() => lsmr({ damping: -1 })).toThrow(/damping -1/);
    expect(() => lsmr({ rtol: 0 })).toThrow(/lsmr: got rtol 0/);
    using J = matrixOperator(matrix(3, 2), { backend });
    await expect(attempt(J, matrix(1, 2))).rejects.toMatchObject({ name: 'ShapeError' });
  });
});

function distanceOfRows(a: Matrix, b: Matrix, row: number): number {
  const n = a.columns;
  const slice = (x: Matrix): Matrix => matrix(1, n, x.data.slice(row * n, (row + 1) * n));
  return relativeDistance(slice(a), slice(b));
}
