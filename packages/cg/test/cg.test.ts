import { type CgOptions, type CgProgress, type CgSolution, cg, jacobi, pivotedCholesky } from '@ntk/cg';
import {
  type LinearOperator,
  type Matrix,
  cholesky,
  choleskySolve,
  defineOperator,
  diagonalOperator,
  gemm,
  matrix,
  matrixOperator,
} from '@ntk/linop';
import { geometricSpectrum, matrixWithSpectrum, randomMatrix, readBlock, uploadBlock } from '@ntk/linop/testing';
import { type DType, Rng, type Tensor, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { U, definite, noisyKernel, relativeDistance } from './kernels.ts';

const backend = cpuBackend();

interface Attempt {
  readonly x: Matrix;
  readonly solution: CgSolution;
}

async function attempt(A: LinearOperator, b: Matrix, options: CgOptions = {}, start?: Matrix): Promise<Attempt> {
  const solver = cg(options);
  using state = await solver.init(A);
  using right = uploadBlock(b, A.backend, A.dtype);
  using guess = start === undefined ? undefined : uploadBlock(start, A.backend, A.dtype);
  const solution = await solver.compute(state, right, guess === undefined ? {} : { start: guess });
  using value = solution.value;
  return { x: await readBlock(value), solution };
}

/** ‖b − A x‖ / ‖b‖ of each row, in float64. */
function trueResiduals(a: Matrix, x: Matrix, b: Matrix): number[] {
  const ax = gemm(x, a, { transposeB: true });
  return Array.from({ length: b.rows }, (_, row) => {
    const right = b.data.subarray(row * b.columns, (row + 1) * b.columns);
    const difference = right.map((entry, i) => entry - ax.data[row * b.columns + i]!);
    return Math.hypot(...difference) / Math.hypot(...right);
  });
}

describe('cg against Cholesky', () => {
  it.each([1, 10, 1e3, 1e6, 1e8])('agrees for condition %d', async (condition) => {
    const rng = new Rng(condition);
    const a = matrixWithSpectrum(geometricSpectrum(50, condition), rng);
    const b = randomMatrix(3, 50, rng);
    using A = definite(a, backend);
    const rtol = 1e-12 + 50 * condition * U;
    const { x, solution } = await attempt(A, b, { rtol, reorthogonalize: true });
    expect(solution.status, solution.message).toBe('converged');
    expect(solution.stats.steps).toBeLessThanOrEqual(51);
    expect(relativeDistance(x, choleskySolve(cholesky(a).factor, b))).toBeLessThan(2 * condition * rtol);
  });

  it.each(
    [10, 1e3, 1e6].flatMap((condition) =>
      [1, 2, 5, 17, 60].flatMap((n) => (['host', 'cpu'] as const).map((vectors) => ({ condition, n, vectors }))),
    ),
  )('is exact after n = $n steps for condition $condition, vectors on $vectors', async ({ condition, n, vectors }) => {
    const rng = new Rng(n);
    const a = matrixWithSpectrum(geometricSpectrum(n, condition), rng);
    const b = randomMatrix(2, n, rng);
    using A = definite(a, backend);
    const options = { rtol: U, maxSteps: n, reorthogonalize: true, ...(vectors === 'cpu' ? { backend } : {}) };
    const { x, solution } = await attempt(A, b, options);
    expect(solution.stats.steps).toBeLessThanOrEqual(n);
    const exact = choleskySolve(cholesky(a).factor, b);
    expect(relativeDistance(x, exact)).toBeLessThan(20 * Math.sqrt(n) * condition * U);
  });

  it('keeps its accuracy when the block shrinks, with and without a preconditioner', async () => {
    const rng = new Rng(3);
    const a = noisyKernel(60, 1e-3, rng);
    const b = randomMatrix(8, 60, rng);
    // Rows that converge at different times: some are combinations of few columns of A.
    for (let row = 0; row < 5; row++) {
      for (let j = 0; j < 60; j++)
        b.data[row * 60 + j] = a.data[row * 60 + j]! + (row % 2) * a.data[(row + 9) * 60 + j]!;
    }
    const exact = choleskySolve(cholesky(a).factor, b);
    using A = definite(a, backend);
    for (const preconditioner of [undefined, pivotedCholesky({ rank: 10, noiseVariance: 1e-3 })]) {
      for (const reorthogonalize of [false, true]) {
        const options = { rtol: 1e-11, reorthogonalize, ...(preconditioner === undefined ? {} : { preconditioner }) };
        const { x, solution } = await attempt(A, b, options);
        expect(solution.status).toBe('converged');
        expect(relativeDistance(x, exact)).toBeLessThan(1e-11 * 3e4);
      }
    }
  });
});

describe('what cg claims', () => {
  const spectra: readonly (readonly [name: string, eigenvalues: readonly number[]])[] = [
    ['definite', [1, 0.5, 0.3, 0.2, 0.1, 0.05]],
    ['indefinite', [1, 0.5, 0.3, -0.2, 0.1, -0.05]],
    ['barely indefinite', [1, 0.5, 0.3, 0.2, 0.1, -1e-9]],
    ['negative', [-1, -0.5, -0.3, -0.2, -0.1, -0.05]],
    ['singular', [1, 0.5, 0.3, 0.2, 0, 0]],
    ['of condition 1e12', [1, 1e-2, 1e-4, 1e-8, 1e-10, 1e-12]],
    ['zero', [0, 0, 0, 0, 0, 0]],
  ];
  const cases = spectra.flatMap(([name, eigenvalues]) =>
    (['float64', 'float32'] as const).flatMap((dtype) =>
      [1e-2, 1e-6, 1e-12].map((rtol) => ({ name, eigenvalues, dtype, rtol })),
    ),
  );

  it.each(cases)('is true for an operator that is $name, $dtype, to $rtol', async ({ eigenvalues, dtype, rtol }) => {
    const rng = new Rng('claims');
    const a = matrixWithSpectrum(eigenvalues, rng);
    const b = randomMatrix(5, 6, rng);
    b.data.fill(0, 6, 12);
    using A = definite(a, backend, dtype);
    for (const reorthogonalize of [false, true]) {
      const { x, solution } = await attempt(A, b, { rtol, reorthogonalize });
      const truth = trueResiduals(a, x, b);
      solution.stats.columns.forEach(({ status }, row) => {
        if (row === 1) {
          expect(status).toBe('converged');
          return;
        }
        // A float32 product is off by roundings of ‖A‖ ‖x‖.
        const size =
          Math.hypot(...x.data.subarray(row * 6, row * 6 + 6)) / Math.hypot(...b.data.subarray(row * 6, row * 6 + 6));
        const slack = dtype === 'float64' ? 50 * U * size : 24 * 2 ** -24 * (1 + size);
        if (status === 'converged') expect(truth[row]).toBeLessThanOrEqual(rtol + slack);
        else expect(Number.isNaN(truth[row]) || truth[row]! + slack > rtol).toBe(true);
        expect(Math.abs(truth[row]! - solution.stats.residual[row]!)).toBeLessThanOrEqual(slack * 2);
      });
    }
  });

  it('names an indefinite operator, a singular one, and one that steps were too few for', async () => {
    const rng = new Rng(1);
    const b = randomMatrix(2, 6, rng);
    const outcome = async (eigenvalues: readonly number[], maxSteps: number): Promise<string> => {
      using A = definite(matrixWithSpectrum(eigenvalues, rng), backend);
      const { solution } = await attempt(A, b, { rtol: 1e-10, maxSteps });
      return `${solution.status}: ${solution.message}`;
    };
    expect(await outcome([3, 2, 1, -1, -2, -3], 60)).toMatch(/^breakdown: .*pᵀAp < 0/);
    expect(await outcome([3, 2, 1, 1, 0, 0], 60)).toMatch(/^breakdown: .*singular/);
    expect(await outcome([1, 2, 3, 4, 5, 6], 3)).toMatch(/^max-steps: right-hand side 0: .*maxSteps/);
    expect(await outcome([1, 2, 3, NaN, 5, 6], 60)).toMatch(/^non-finite-input: /);
  });

  it('does not believe a recurrence whose products are wrong', async () => {
    const rng = new Rng(2);
    const a = matrixWithSpectrum(geometricSpectrum(20, 30), rng);
    using A = definite(a, backend);
    using other = definite(matrixWithSpectrum(geometricSpectrum(20, 30), rng), backend);
    const { solution } = await attempt(A, randomMatrix(2, 20, rng), { rtol: 1e-8, products: other });
    expect(solution.status).not.toBe('converged');
    expect(Math.min(...solution.stats.residual)).toBeGreaterThan(1e-2);
  });

  it('says that the rounding of the products allows no less', async () => {
    const rng = new Rng(4);
    using A = definite(matrixWithSpectrum(geometricSpectrum(40, 100), rng), backend, 'float32');
    const { solution } = await attempt(A, randomMatrix(1, 40, rng), { rtol: 1e-12 });
    expect(solution.status).toBe('breakdown');
    expect(solution.message).toMatch(/no longer falls.*loosen rtol/);
    expect(solution.stats.residual[0]).toBeLessThan(1e-5);
  });

  it('keeps a bad right-hand side from spoiling the others', async () => {
    const rng = new Rng(5);
    const a = matrixWithSpectrum(geometricSpectrum(12, 10), rng);
    const b = randomMatrix(4, 12, rng);
    b.data[15] = NaN;
    b.data[24] = Infinity;
    using A = definite(a, backend);
    const { x, solution } = await attempt(A, b, { rtol: 1e-10 });
    expect(solution.status).toBe('non-finite-input');
    expect(solution.message).toMatch(/^right-hand side 1: .*missing values/);
    expect(solution.stats.columns.map(({ status }) => status)).toEqual([
      'converged',
      'non-finite-input',
      'non-finite-input',
      'converged',
    ]);
    expect(x.data.subarray(12, 36).every(Number.isNaN)).toBe(true);
    expect(Math.max(...[0, 3].map((row) => trueResiduals(a, x, b)[row]!))).toBeLessThan(1e-9);
  });

  it.each([1e-300, 1e-30, 1e30, 1e300])('does not depend on the scale of b: %d', async (scale) => {
    const rng = new Rng(6);
    const a = matrixWithSpectrum(geometricSpectrum(12, 10), rng);
    const b = randomMatrix(2, 12, rng);
    using A = definite(a, backend);
    const { x } = await attempt(A, b, { rtol: 1e-10 });
    const scaled = matrix(
      2,
      12,
      b.data.map((entry) => entry * scale),
    );
    const far = await attempt(A, scaled, { rtol: 1e-10 });
    expect(far.solution.status).toBe('converged');
    const back = matrix(
      2,
      12,
      far.x.data.map((entry) => entry / scale),
    );
    expect(relativeDistance(back, x)).toBeLessThan(1e-9);
  });

  it('counts an absolute tolerance in the units of b', async () => {
    const rng = new Rng(7);
    using A = definite(matrixWithSpectrum(geometricSpectrum(30, 100), rng), backend);
    const b = randomMatrix(1, 30, rng);
    const norm = Math.hypot(...b.data);
    const { solution } = await attempt(A, b, { rtol: 1e-14, atol: 1e-3 * norm });
    expect(solution.status).toBe('converged');
    expect(solution.stats.residual[0]).toBeGreaterThan(1e-8);
  });
});

describe('how cg goes on', () => {
  it('stops each right-hand side by itself', async () => {
    const values = Float64Array.from({ length: 16 }, (_, i) => 1 + i);
    using A = diagonalOperator(values, { backend });
    const b = matrix(3, 16);
    b.data[3] = 2;
    b.data.set([1, 1], 16);
    b.data.fill(1, 32);
    const { solution } = await attempt(A, b, { rtol: 1e-10 });
    expect(solution.stats.columns.map(({ steps }) => steps)).toEqual([1, 2, solution.stats.steps]);
    expect(solution.stats.steps).toBeGreaterThan(10);
  });

  it('shows every step, with an error in the norm of A that never grows', async () => {
    const rng = new Rng(8);
    const a = matrixWithSpectrum(geometricSpectrum(20, 50), rng);
    const b = randomMatrix(2, 20, rng);
    const exact = choleskySolve(cholesky(a).factor, b);
    using A = definite(a, backend);
    const errors: number[] = [];
    const seen: CgProgress[] = [];
    const onStep = async (progress: CgProgress): Promise<void> => {
      const x = await progress.iterate();
      const error = matrix(
        2,
        20,
        x.data.map((entry, i) => entry - exact.data[i]!),
      );
      errors.push(Math.sqrt(gemm(error, gemm(error, a), { transposeB: true }).data[0]!));
      seen.push(progress);
    };
    const { x, solution } = await attempt(A, b, { rtol: 1e-9, onStep });
    expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: solution.stats.steps }, (_, i) => i + 1));
    errors.slice(1).forEach((error, i) => expect(error).toBeLessThanOrEqual(errors[i]! * (1 + 1e-12)));
    expect(seen.at(-1)!.residual[0]).toBeCloseTo(solution.stats.residual[0]!, 10);
    expect((await seen.at(-1)!.iterate()).data).toEqual(x.data);
  });

  it('starts from a guess, and needs no step from the solution', async () => {
    const rng = new Rng(9);
    const a = matrixWithSpectrum(geometricSpectrum(40, 1e3), rng);
    const b = randomMatrix(3, 40, rng);
    using A = definite(a, backend);
    const cold = await attempt(A, b, { rtol: 1e-8 });
    const again = await attempt(A, b, { rtol: 1e-8 }, cold.x);
    expect(again.solution.status).toBe('converged');
    expect(again.solution.stats.steps).toBe(0);
    expect(again.x.data).toEqual(cold.x.data);
    const near = matrix(
      3,
      40,
      cold.x.data.map((entry) => entry * (1 + 1e-5 * rng.normal())),
    );
    const warm = await attempt(A, b, { rtol: 1e-8 }, near);
    expect(warm.solution.status).toBe('converged');
    expect(warm.solution.stats.steps).toBeLessThan(0.8 * cold.solution.stats.steps);
    await expect(attempt(A, b, {}, matrix(2, 40))).rejects.toThrow(/a start of 2 rows, expected 3/);
    const broken = await attempt(
      A,
      b,
      {},
      matrix(
        3,
        40,
        near.data.map((entry, i) => (i === 50 ? NaN : entry)),
      ),
    );
    expect(broken.solution.stats.columns.map(({ status }) => status)).toEqual([
      'converged',
      'non-finite-input',
      'converged',
    ]);
  });

  it('refines float32 products to float64 accuracy', async () => {
    const rng = new Rng(10);
    const a = matrixWithSpectrum(geometricSpectrum(60, 1e3), rng);
    const b = randomMatrix(3, 60, rng);
    using A = definite(a, backend);
    using products = definite(a, backend, 'float32');
    const { x, solution } = await attempt(A, b, { rtol: 1e-12, products });
    expect(solution.status, solution.message).toBe('converged');
    expect(Math.max(...trueResiduals(a, x, b))).toBeLessThan(1.1e-12);
    const far = await attempt(A, b, { rtol: 1e-12, products, backend, dtype: 'float32' });
    expect(far.solution.status, far.solution.message).toBe('converged');
    expect(Math.max(...trueResiduals(a, far.x, b))).toBeLessThan(1.1e-12);
  });

  it('gives the same numbers again', async () => {
    const rng = new Rng(11);
    using A = definite(noisyKernel(50, 1e-2, rng), backend);
    const b = randomMatrix(4, 50, rng);
    const first = await attempt(A, b);
    expect((await attempt(A, b)).x.data).toEqual(first.x.data);
  });

  it('works with a diagonal operator in another dtype and place than its vectors', async () => {
    const rng = new Rng(12);
    const values = Float64Array.from({ length: 9 }, () => 1 + rng.uniform());
    const elsewhere = trackTensors(cpuBackend());
    using A = diagonalOperator(values, { backend, dtype: 'float32' });
    const b = randomMatrix(2, 9, rng);
    const { x, solution } = await attempt(A, b, { backend: elsewhere, preconditioner: jacobi(), rtol: 1e-6 });
    expect(solution.status).toBe('converged');
    expect(
      relativeDistance(
        x,
        matrix(
          2,
          9,
          b.data.map((entry, i) => entry / values[i % 9]!),
        ),
      ),
    ).toBeLessThan(1e-5);
    expect(elsewhere.describeLive()).toEqual([]);
    expect(elsewhere.liveExecutables).toBe(0);
  });

  it('leaves nothing behind where a product fails', async () => {
    const tracked = trackTensors(cpuBackend());
    let products = 0;
    const A = failingOperator(tracked, () => ++products > 3);
    const b = randomMatrix(2, 8, new Rng(13));
    await expect(attempt(A, b, { rtol: 1e-14, backend: tracked })).rejects.toThrow('the device is gone');
    expect(tracked.describeLive()).toEqual([]);
    expect(tracked.liveExecutables).toBe(0);
  });
});

function failingOperator(tracked: ReturnType<typeof trackTensors>, fails: () => boolean): LinearOperator {
  const a = matrixWithSpectrum(geometricSpectrum(8, 1e3), new Rng(14));
  const matmul = async (x: Tensor, k: number): Promise<Tensor> => {
    if (fails()) throw new Error('the device is gone');
    const data = await tracked.read(x);
    return tracked.upload(gemm(matrix(k, 8, Float64Array.from(data)), a).data, [k, 8]);
  };
  const operator: LinearOperator = defineOperator({
    name: 'failing',
    shape: [8, 8],
    dtype: 'float64',
    backend: tracked,
    tags: new Set(['positive-definite']),
    matmul,
    transpose: () => operator,
    dispose: () => undefined,
  });
  return operator;
}

describe('the door of cg', () => {
  it('refuses options that make no sense', async () => {
    expect(() => cg({ rtol: 0 })).toThrow(/rtol 0/);
    expect(() => cg({ atol: -1 })).toThrow(/atol -1/);
    expect(() => cg({ maxSteps: 1.5 })).toThrow(/maxSteps 1.5/);
    expect(() => cg({ dtype: 'float32' })).toThrow(/without a backend/);
    const single = { ...backend, supports: { ...backend.supports, float64: false } };
    expect(() => cg({ backend: single })).toThrow(expect.objectContaining({ name: 'UnsupportedError' }));
    expect(() => cg({ backend: single, dtype: 'float32' })).not.toThrow();
    using wide = matrixOperator(matrix(2, 3), { backend, tags: ['positive-definite'] });
    await expect(cg().init(wide)).rejects.toMatchObject({ name: 'ShapeError' });
    using A = definite(matrix(2, 2, Float64Array.of(1, 0, 0, 1)), backend);
    await expect(cg({ products: wide }).init(A)).rejects.toMatchObject({ name: 'ShapeError' });
    await expect(attempt(A, matrix(1, 2), {}, matrix(1, 3))).rejects.toMatchObject({ name: 'ShapeError' });
  });

  it.each<DType>(['float64', 'float32'])('takes one unknown, %s', async (dtype) => {
    using A = definite(matrix(1, 1, Float64Array.of(4)), backend, dtype);
    const { x, solution } = await attempt(A, matrix(2, 1, Float64Array.of(2, -8)));
    expect([...x.data]).toEqual([0.5, -2]);
    expect(solution.stats.residual).toEqual([0, 0]);
  });
});
