import { type Backend, type DType, Rng, cpuBackend, unitRoundoff } from '@ntk/tensor';
import { type TrackedBackend, expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { gemm } from '../dense/gemm.ts';
import { type Matrix, identityMatrix, matrix } from '../dense/matrix.ts';
import type { LinearOperator, Tag } from '../operator.ts';
import { matrixOperator } from '../operators/dense.ts';
import { diagonalOperator } from '../operators/diagonal.ts';
import { sumOperator } from '../operators/sum.ts';
import { type LinearSolver, SolveError, type Solution, type SolverState, solve } from '../solver.ts';
import { frobeniusNorm, readBlock, roundedTo, uploadBlock } from './blocks.ts';
import { geometricSpectrum, matrixWithSpectrum, randomMatrix } from './spectrum.ts';

/** Options of testLinearSolver. */
export interface SolverSuiteOptions {
  /** Makes the backend for each test; the CPU reference by default. */
  readonly backend?: () => Backend | Promise<Backend>;
  /** The dtypes to test; both by default. */
  readonly dtypes?: readonly DType[];
  /** Condition numbers that the solver must master; [1, 1e3] by default. */
  readonly conditions?: readonly number[];
  /** The relative residual that `converged` promises, for a dtype; by default the cube root of its unit roundoff. */
  readonly rtol?: (dtype: DType) => number;
}

const SIZES = [1, 2, 17, 40];
const TAGS: readonly Tag[] = ['positive-definite'];

/**
 * The contract of LinearSolver for positive definite operators as tests: operators × sizes × conditions × dtypes, true residuals, reuse of
 * the state, zero right-hand sides, and every kind of failure.
 *
 * @param name - of the suite
 * @param makeSolver - called for each test
 */
export function testLinearSolver<State extends SolverState>(
  name: string,
  makeSolver: () => LinearSolver<State>,
  options: SolverSuiteOptions = {},
): void {
  const { dtypes = ['float64', 'float32'], rtol = (dtype) => Math.cbrt(unitRoundoff(dtype)) } = options;
  describe.each(dtypes)(`LinearSolver: ${name}, %s`, (dtype) => {
    const scenario = new SolverScenario(makeSolver, options, { dtype, rtol: rtol(dtype) });
    testSolutions(scenario, options.conditions ?? [1, 1e3]);
    testStates(scenario);
    testStarts(scenario);
    testFailures(scenario);
    testDoor(scenario);
  });
}

interface Precision {
  readonly dtype: DType;
  readonly rtol: number;
}

class SolverScenario<State extends SolverState> {
  readonly makeSolver: () => LinearSolver<State>;
  readonly precision: Precision;
  readonly #options: SolverSuiteOptions;

  constructor(makeSolver: () => LinearSolver<State>, options: SolverSuiteOptions, precision: Precision) {
    this.makeSolver = makeSolver;
    this.#options = options;
    this.precision = precision;
  }

  /** Runs a test on a fresh backend and asserts that no tensor and no executable is left. */
  async run(test: (backend: TrackedBackend, rng: Rng) => Promise<void>): Promise<void> {
    const backend = trackTensors(await (this.#options.backend ?? cpuBackend)());
    await test(backend, new Rng('solver suite'));
    expect(backend.describeLive()).toEqual([]);
    expect(backend.liveExecutables).toBe(0);
  }

  operator(a: Matrix, backend: Backend, tags: readonly Tag[] = TAGS): LinearOperator {
    return matrixOperator(a, { backend, dtype: this.precision.dtype, tags });
  }

  /** Solves without throwing and disposes all but the host copy of the solution. */
  async attempt(A: LinearOperator, b: Matrix): Promise<{ readonly x: Matrix; readonly solution: Solution }> {
    using block = uploadBlock(b, A.backend, A.dtype);
    const solution = await solve(A, block, this.makeSolver(), { throwOnFailure: false });
    using value = solution.value;
    expect(value.shape).toEqual([b.rows, A.shape[1]]);
    expect(value.dtype).toBe(A.dtype);
    return { x: await readBlock(value), solution };
  }
}

/** Asserts that a solution keeps the promise of `converged`: residuals that are reported, true, and small. */
function expectConverged(solution: Solution, a: Matrix, x: Matrix, b: Matrix, { dtype, rtol }: Precision): void {
  expect(solution.status, solution.message).toBe('converged');
  expect(solution.stats.residual).toHaveLength(b.rows);
  const ax = gemm(x, a, { transposeB: true });
  for (let row = 0; row < b.rows; row++) {
    const range = [row * b.columns, (row + 1) * b.columns] as const;
    const right = b.data.subarray(...range);
    const norm = Math.hypot(...right);
    const residual = Math.hypot(...ax.data.subarray(...range).map((entry, i) => entry - right[i]!));
    const size = frobeniusNorm(a) * Math.hypot(...x.data.subarray(...range));
    // The solver's own product is rounded in the dtype of the operator.
    const slack = 4 * b.columns * unitRoundoff(dtype) * size;
    expect(residual).toBeLessThanOrEqual(rtol * norm + slack);
    expect(Math.abs(residual - solution.stats.residual[row]! * norm)).toBeLessThanOrEqual(slack);
  }
}

function testSolutions<State extends SolverState>(
  scenario: SolverScenario<State>,
  conditions: readonly number[],
): void {
  const { precision } = scenario;
  const cases = conditions.flatMap((condition) => SIZES.map((n) => ({ n, condition })));

  it.each(cases)('solves n = $n with condition $condition', async ({ n, condition }) => {
    await scenario.run(async (backend, rng) => {
      const a = roundedTo(matrixWithSpectrum(geometricSpectrum(n, condition), rng), precision.dtype);
      const truth = roundedTo(randomMatrix(3, n, rng), precision.dtype);
      const b = roundedTo(gemm(truth, a, { transposeB: true }), precision.dtype);
      using A = scenario.operator(a, backend);
      const { x, solution } = await scenario.attempt(A, b);
      expectConverged(solution, a, x, b, precision);
      // ‖x − x*‖ ≤ condition · (relative residual + rounding of b) · ‖x*‖, row by row
      const worst = Math.max(...solution.stats.residual) + 4 * n * unitRoundoff(precision.dtype);
      expectAllclose(x.data, truth.data, { atol: 2 * condition * worst * frobeniusNorm(truth) });
    });
  });

  it('solves K + Σ and a diagonal', async () => {
    await scenario.run(async (backend, rng) => {
      const { dtype } = precision;
      const k = roundedTo(matrixWithSpectrum(geometricSpectrum(12, 1e6), rng), dtype);
      const variances = Float64Array.from({ length: 12 }, (_, i) => 0.5 + i / 8);
      using K = scenario.operator(k, backend);
      using noise = diagonalOperator(variances, { backend, dtype });
      using A = sumOperator([K, noise]);
      const b = roundedTo(randomMatrix(2, 12, rng), dtype);
      const sum = matrix(
        12,
        12,
        k.data.map((entry, i) => (i % 13 === 0 ? entry + variances[i / 13]! : entry)),
      );
      const { x, solution } = await scenario.attempt(A, b);
      expectConverged(solution, sum, x, b, precision);
    });
  });

  it('answers a zero right-hand side among others by zero', async () => {
    await scenario.run(async (backend, rng) => {
      const a = roundedTo(matrixWithSpectrum(geometricSpectrum(9, 10), rng), precision.dtype);
      const b = roundedTo(randomMatrix(3, 9, rng), precision.dtype);
      b.data.fill(0, 9, 18);
      using A = scenario.operator(a, backend);
      const { x, solution } = await scenario.attempt(A, b);
      expectConverged(solution, a, x, b, precision);
      expect(solution.stats.residual[1]).toBe(0);
      expect([...x.data.subarray(9, 18)].every((entry) => entry === 0)).toBe(true);
    });
  });
}

function testStates<State extends SolverState>(scenario: SolverScenario<State>): void {
  const { precision } = scenario;

  it('solves again from the same state, and each row by itself as in a block', async () => {
    await scenario.run(async (backend, rng) => {
      const a = roundedTo(matrixWithSpectrum(geometricSpectrum(11, 10), rng), precision.dtype);
      using A = scenario.operator(a, backend);
      const solver = scenario.makeSolver();
      using state = await solver.init(A);
      const b = roundedTo(randomMatrix(3, 11, rng), precision.dtype);
      for (const rows of [b, matrix(1, 11, b.data.slice(11, 22)), b]) {
        using block = uploadBlock(rows, backend, precision.dtype);
        const solution = await solver.compute(state, block);
        using value = solution.value;
        expectConverged(solution, a, await readBlock(value), rows, precision);
        expect((await readBlock(block)).data).toEqual(rows.data);
      }
    });
  });
}

function testStarts<State extends SolverState>(scenario: SolverScenario<State>): void {
  const { precision } = scenario;

  it('keeps its promise from any start, the solution and nonsense among them', async () => {
    await scenario.run(async (backend, rng) => {
      const a = roundedTo(matrixWithSpectrum(geometricSpectrum(11, 10), rng), precision.dtype);
      using A = scenario.operator(a, backend);
      const solver = scenario.makeSolver();
      using state = await solver.init(A);
      const b = roundedTo(randomMatrix(2, 11, rng), precision.dtype);
      using block = uploadBlock(b, backend, precision.dtype);
      const first = await solver.compute(state, block);
      using solved = first.value;
      using nonsense = uploadBlock(randomMatrix(2, 11, rng), backend, precision.dtype);
      for (const start of [solved, nonsense]) {
        const solution = await solver.compute(state, block, { start });
        using value = solution.value;
        expectConverged(solution, a, await readBlock(value), b, precision);
        if (start === solved) expect(solution.stats.steps).toBeLessThanOrEqual(Math.max(1, first.stats.steps));
      }
    });
  });
}

function testFailures<State extends SolverState>(scenario: SolverScenario<State>): void {
  it('says breakdown for an indefinite operator', async () => {
    await scenario.run(async (backend, rng) => {
      using A = scenario.operator(matrixWithSpectrum([2, 1, -1, -1.5], rng), backend);
      const { solution } = await scenario.attempt(A, randomMatrix(2, 4, rng));
      expect(solution.status).toBe('breakdown');
      expect(solution.message).toEqual(expect.any(String));
    });
  });

  it('does not say converged for a singular operator and a right-hand side outside its range', async () => {
    await scenario.run(async (backend, rng) => {
      using A = scenario.operator(matrixWithSpectrum([1, 0.5, 0.2, 0, 0], rng), backend);
      const { solution } = await scenario.attempt(A, randomMatrix(1, 5, rng));
      expect(['breakdown', 'max-steps']).toContain(solution.status);
    });
  });

  it.each([NaN, Infinity])('says non-finite-input for %d in the operator or in a right-hand side', async (bad) => {
    await scenario.run(async (backend, rng) => {
      const finite = matrixWithSpectrum([1, 0.5, 0.25], rng);
      const broken = matrix(
        3,
        3,
        finite.data.map((entry, i) => (i === 4 ? bad : entry)),
      );
      using A = scenario.operator(broken, backend);
      expect((await scenario.attempt(A, randomMatrix(1, 3, rng))).solution.status).toBe('non-finite-input');
      using B = scenario.operator(finite, backend);
      const b = randomMatrix(2, 3, rng);
      b.data[4] = bad;
      expect((await scenario.attempt(B, b)).solution.status).toBe('non-finite-input');
    });
  });

  it('throws SolveError with the solution in it, unless told otherwise', async () => {
    await scenario.run(async (backend, rng) => {
      using A = scenario.operator(matrixWithSpectrum([1, -1], rng), backend);
      using b = uploadBlock(randomMatrix(1, 2, rng), backend, A.dtype);
      const error: unknown = await solve(A, b, scenario.makeSolver()).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SolveError);
      const { name, message, solution } = error as SolveError;
      expect(name).toBe('SolveError');
      expect(message).toContain(solution.status);
      solution.value.dispose();
    });
  });
}

function testDoor<State extends SolverState>(scenario: SolverScenario<State>): void {
  it('throws TagError at init for an operator without the tag', async () => {
    await scenario.run(async (backend) => {
      using A = scenario.operator(identityMatrix(3), backend, []);
      await expect(scenario.makeSolver().init(A)).rejects.toMatchObject({ name: 'TagError' });
    });
  });

  it('throws ShapeError for right-hand sides of another length', async () => {
    await scenario.run(async (backend) => {
      using A = scenario.operator(identityMatrix(3), backend);
      using b = uploadBlock(matrix(1, 4), backend, A.dtype);
      await expect(solve(A, b, scenario.makeSolver())).rejects.toMatchObject({ name: 'ShapeError' });
    });
  });
}
