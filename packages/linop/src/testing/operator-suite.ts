import { type Backend, Rng, cpuBackend, unitRoundoff } from '@ntk/tensor';
import { type TrackedBackend, expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { hasTag } from '../checks.ts';
import { eigenvaluesOf } from '../dense/eigh.ts';
import { gemm } from '../dense/gemm.ts';
import { type Matrix, matrix, transposeMatrix } from '../dense/matrix.ts';
import type { LinearOperator } from '../operator.ts';
import { diagonal, toMatrix } from '../operators/probe.ts';
import { frobeniusNorm, readBlock, roundedTo, uploadBlock } from './blocks.ts';
import { randomMatrix } from './spectrum.ts';

/** An operator under test, and what it borrows. */
export interface OperatorCase {
  readonly operator: LinearOperator;
  /** Disposed after the operator. */
  readonly owned?: readonly { dispose(): void }[];
}

/** Options of testLinearOperator. */
export interface OperatorSuiteOptions {
  /** Makes the backend for each test; the CPU reference by default. */
  readonly backend?: () => Backend | Promise<Backend>;
  /** The entries that the operator should have, [rows, columns]. */
  readonly expected?: Matrix;
  /** Allowed error of a product in unit roundoffs of ‖A‖ ‖x‖; 4 · (rows + columns) by default. */
  readonly roundings?: number;
}

/**
 * The contract of LinearOperator as tests: the adjoint identity, linearity, blocks, fast paths against probing, tags, errors,
 * borrowing, and that nothing leaks.
 *
 * @param name - of the suite
 * @param make - builds a small operator (up to some hundred rows) on the backend; called for each test
 */
export function testLinearOperator(
  name: string,
  make: (backend: Backend) => OperatorCase | Promise<OperatorCase>,
  options: OperatorSuiteOptions = {},
): void {
  const scenario = new OperatorScenario(make, options);
  describe(`LinearOperator: ${name}`, () => {
    testProducts(scenario);
    testFastPaths(scenario);
    testTags(scenario);
    testDoor(scenario);
  });
}

interface Subject {
  readonly A: LinearOperator;
  readonly backend: TrackedBackend;
  readonly rng: Rng;
  /** The entries of A, from products with the identity. */
  readonly entries: Matrix;
  /** Allowed error of products with vectors of norm 1. */
  readonly tolerance: number;
}

class OperatorScenario {
  readonly #make: (backend: Backend) => OperatorCase | Promise<OperatorCase>;
  readonly options: OperatorSuiteOptions;

  constructor(make: (backend: Backend) => OperatorCase | Promise<OperatorCase>, options: OperatorSuiteOptions) {
    this.#make = make;
    this.options = options;
  }

  /** Runs a test on a fresh operator, disposes it, and asserts that no tensor and no executable is left. */
  async run(test: (subject: Subject) => Promise<void>): Promise<void> {
    const backend = trackTensors(await (this.options.backend ?? cpuBackend)());
    const { operator: A, owned = [] } = await this.#make(backend);
    try {
      const entries = await toMatrix(withoutFastPaths(A));
      const roundings = this.options.roundings ?? 4 * (A.shape[0] + A.shape[1]);
      const tolerance = roundings * unitRoundoff(A.dtype) * frobeniusNorm(entries);
      await test({ A, backend, rng: new Rng('operator suite'), entries, tolerance });
    } finally {
      A.dispose();
      for (const resource of owned) resource.dispose();
    }
    expect(backend.describeLive()).toEqual([]);
    expect(backend.liveExecutables).toBe(0);
  }
}

function withoutFastPaths(A: LinearOperator): LinearOperator {
  const { shape, dtype, backend, tags } = A;
  return {
    shape,
    dtype,
    backend,
    tags,
    matmul: (x) => A.matmul(x),
    transpose: () => A.transpose(),
    dispose: () => A.dispose(),
    [Symbol.dispose]: () => A.dispose(),
  };
}

async function productOf(A: LinearOperator, x: Matrix): Promise<Matrix> {
  using block = uploadBlock(x, A.backend, A.dtype);
  using product = await A.matmul(block);
  expect(product.shape).toEqual([x.rows, A.shape[0]]);
  expect(product.dtype).toBe(A.dtype);
  return await readBlock(product);
}

// Rows of norm 1, already rounded to the operator's dtype.
function unitBlock(k: number, length: number, { rng, A }: Subject): Matrix {
  const block = randomMatrix(k, length, rng);
  for (let row = 0; row < k; row++) {
    const vector = block.data.subarray(row * length, (row + 1) * length);
    const norm = Math.hypot(...vector);
    for (let i = 0; i < length; i++) vector[i]! /= norm;
  }
  return roundedTo(block, A.dtype);
}

function testProducts(scenario: OperatorScenario): void {
  const { expected } = scenario.options;
  if (expected !== undefined) {
    it('has the expected entries', async () => {
      await scenario.run(async ({ entries, tolerance }) => {
        expect([entries.rows, entries.columns]).toEqual([expected.rows, expected.columns]);
        expectAllclose(entries.data, expected.data, { atol: tolerance, shape: [expected.rows, expected.columns] });
        return Promise.resolve();
      });
    });
  }

  it.each([1, 2, 5])('multiplies a block of %i vectors', async (k) => {
    await scenario.run(async (subject) => {
      const { A, entries, tolerance } = subject;
      const x = unitBlock(k, A.shape[1], subject);
      const product = await productOf(A, x);
      expectAllclose(product.data, gemm(x, entries, { transposeB: true }).data, { atol: tolerance });
    });
  });

  it('satisfies ⟨A x, y⟩ = ⟨x, Aᵀ y⟩', async () => {
    await scenario.run(async (subject) => {
      const { A, tolerance } = subject;
      using transpose = A.transpose();
      expect(transpose.shape).toEqual([A.shape[1], A.shape[0]]);
      const x = unitBlock(3, A.shape[1], subject);
      const y = unitBlock(3, A.shape[0], subject);
      const ax = await productOf(A, x);
      const aty = await productOf(transpose, y);
      const left = gemm(ax, y, { transposeB: true });
      const right = gemm(x, aty, { transposeB: true });
      expectAllclose(left.data, right.data, { atol: 2 * tolerance });
    });
  });

  it('gives itself back when transposed twice', async () => {
    await scenario.run(async (subject) => {
      using transpose = subject.A.transpose();
      using twice = transpose.transpose();
      const x = unitBlock(2, subject.A.shape[1], subject);
      const product = await productOf(twice, x);
      expectAllclose(product.data, (await productOf(subject.A, x)).data, { atol: 2 * subject.tolerance });
    });
  });

  it('gives the same product again, also when two run at once', async () => {
    await scenario.run(async (subject) => {
      const x = unitBlock(2, subject.A.shape[1], subject);
      const [first, second] = await Promise.all([productOf(subject.A, x), productOf(subject.A, x)]);
      expect(second.data).toEqual(first.data);
    });
  });
}

function testFastPaths(scenario: OperatorScenario): void {
  it('has the diagonal and the entries that its products show', async () => {
    await scenario.run(async ({ A, entries, tolerance }) => {
      const direct = await toMatrix(A);
      expect([direct.rows, direct.columns]).toEqual([...A.shape]);
      expectAllclose(direct.data, entries.data, { atol: tolerance, shape: A.shape });
      const shown = Float64Array.from(
        { length: Math.min(...A.shape) },
        (_, i) => entries.data[i * entries.columns + i]!,
      );
      expectAllclose(await diagonal(A), shown, { atol: tolerance });
    });
  });

  it('gives its entries away: writing them does not change the operator', async () => {
    await scenario.run(async ({ A, entries, tolerance }) => {
      (await toMatrix(A)).data.fill(7);
      (await diagonal(A)).fill(7);
      expectAllclose((await toMatrix(A)).data, entries.data, { atol: tolerance });
    });
  });
}

function testTags(scenario: OperatorScenario): void {
  it('is what its tags say', async () => {
    await scenario.run(async ({ A, entries, tolerance }) => {
      if (hasTag(A, 'symmetric')) {
        expectAllclose(transposeMatrix(entries).data, entries.data, { atol: 2 * tolerance });
      }
      if (hasTag(A, 'positive-definite')) {
        const smallest = eigenvaluesOf(entries)[0] ?? 0;
        expect(smallest).toBeGreaterThanOrEqual(-2 * tolerance);
      }
      if (hasTag(A, 'diagonal')) {
        expectAllclose(entries.data, onlyDiagonal(entries).data, { atol: 2 * tolerance });
      }
      return Promise.resolve();
    });
  });
}

function onlyDiagonal(a: Matrix): Matrix {
  const result = matrix(a.rows, a.columns);
  for (let i = 0; i < Math.min(a.rows, a.columns); i++) result.data[i * a.columns + i] = a.data[i * a.columns + i]!;
  return result;
}

function testDoor(scenario: OperatorScenario): void {
  it('rejects vectors of another length and of another rank', async () => {
    await scenario.run(async ({ A, backend }) => {
      using long = uploadBlock(matrix(1, A.shape[1] + 1), backend, A.dtype);
      await expect(A.matmul(long)).rejects.toMatchObject({ name: 'ShapeError' });
      using flat = backend.upload(A.dtype === 'float64' ? new Float64Array(A.shape[1]) : new Float32Array(A.shape[1]), [
        A.shape[1],
      ]);
      await expect(A.matmul(flat)).rejects.toMatchObject({ name: 'ShapeError' });
    });
  });

  it('rejects vectors of another backend', async () => {
    await scenario.run(async ({ A }) => {
      using foreign = uploadBlock(matrix(1, A.shape[1]), cpuBackend(), A.dtype);
      await expect(A.matmul(foreign)).rejects.toMatchObject({ name: 'OwnershipError' });
    });
  });

  it('borrows its arguments', async () => {
    await scenario.run(async (subject) => {
      const { A, backend } = subject;
      const x = unitBlock(2, A.shape[1], subject);
      using block = uploadBlock(x, backend, A.dtype);
      (await A.matmul(block)).dispose();
      expect((await readBlock(block)).data).toEqual(x.data);
    });
  });
}
