import {
  type Matrix,
  choleskySolver,
  diagonalOperator,
  eigh,
  gemm,
  identityMatrix,
  matrix,
  matrixOperator,
  solve,
  syrk,
} from '@ntk/linop';
import {
  geometricSpectrum,
  matrixWithSpectrum,
  randomMatrix,
  readBlock,
  testLinearSolver,
  uploadBlock,
} from '@ntk/linop/testing';
import { Rng, cpuBackend } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';

testLinearSolver('cholesky', () => choleskySolver(), { conditions: [1, 1e3, 1e6] });

const U = 2 ** -53;

describe('choleskySolver', () => {
  const backend = cpuBackend();
  const definite = ['positive-definite'] as const;

  it('gives log determinant, inverse and its diagonal from the state', async () => {
    const rng = new Rng(1);
    const condition = 1e4;
    const a = matrixWithSpectrum(geometricSpectrum(30, condition), rng);
    using A = matrixOperator(a, { backend, tags: definite });
    using state = await choleskySolver().init(A);
    expect(state.jitter).toBe(0);
    const { values } = eigh(a);
    const expected = values.reduce((sum, value) => sum + Math.log(value), 0);
    expectAllclose([await state.logDeterminant()], [expected], { atol: 30 * 30 * condition * U });
    const inverse = state.inverse();
    expectAllclose(gemm(inverse, a).data, identityMatrix(30).data, { atol: 30 * condition * U * 4 });
    expectAllclose(state.inverseDiagonal(), diagonalOf(inverse), { rtol: 30 * U });
    const b = randomMatrix(2, 30, rng);
    expectAllclose(state.solve(b).data, gemm(b, inverse).data, { atol: 30 * condition * condition * U });
    const half = await state.solveFactor(b);
    const quadratic = gemm(state.solve(b), b, { transposeB: true });
    expectAllclose(syrk(half).data, quadratic.data, { atol: 100 * condition * U * Math.max(...quadratic.data) });
  });

  it('solves a float32 operator in float64', async () => {
    const a = matrixWithSpectrum(geometricSpectrum(20, 1e3), new Rng(2));
    using A = matrixOperator(a, { backend, dtype: 'float32', tags: definite });
    using state = await choleskySolver().init(A);
    const rounded = matrix(20, 20, Float64Array.from(Float32Array.from(a.data)));
    const truth = randomMatrix(1, 20, new Rng(3));
    const x = state.solve(gemm(truth, rounded));
    expectAllclose(x.data, truth.data, { atol: 20 * 1e3 * U * 10 });
  });

  it('reports the jitter it needed, and converges where the right-hand side allows it', async () => {
    const rng = new Rng(4);
    const factors = randomMatrix(12, 3, rng);
    using A = matrixOperator(syrk(factors), { backend, tags: definite });
    using state = await choleskySolver().init(A);
    expect(state.jitter).toBeGreaterThan(0);
    using b = uploadBlock(gemm(randomMatrix(1, 3, rng), factors, { transposeB: true }), backend, 'float64');
    const solution = await solve(A, b, choleskySolver());
    expect(solution.stats.jitter).toBe(state.jitter);
    expect(solution.stats.residual[0]).toBeLessThan(5e-6);
    expect((await readBlock(solution.value)).columns).toBe(12);
  });

  it('says breakdown where jitter had to change the answer', async () => {
    using A = matrixOperator(syrk(randomMatrix(6, 2, new Rng(5))), { backend, tags: definite });
    using b = uploadBlock(randomMatrix(1, 6, new Rng(6)), backend, 'float64');
    const solution = await solve(A, b, choleskySolver(), { throwOnFailure: false });
    expect(solution.status).toBe('breakdown');
    expect(solution.message).toContain('noise variance');
    expect(solution.stats.residual[0]).toBeGreaterThan(1e-3);
  });

  it('holds a failure in the state and throws it from the methods that need a factor', async () => {
    using A = matrixOperator(matrix(2, 2, Float64Array.of(1, 2, 2, 1)), { backend, tags: definite });
    using state = await choleskySolver().init(A);
    expect(state.failure?.status).toBe('breakdown');
    expect(() => state.factor()).toThrow(/pivot 1 failed/);
    await expect(state.logDeterminant()).rejects.toMatchObject({ name: 'NumericalError', status: 'breakdown' });
  });

  it('refuses a state that was disposed', async () => {
    using A = diagonalOperator(Float64Array.of(1, 2), { backend });
    const state = await choleskySolver().init(A);
    state.dispose();
    expect(() => state.factor()).toThrow(expect.objectContaining({ name: 'OwnershipError' }));
  });

  it('checks its options and the shape of the operator', async () => {
    expect(() => choleskySolver({ rtol: 0 })).toThrow(/rtol 0/);
    expect(() => choleskySolver({ jitter: { growth: 1 } })).toThrow(/growth: 1/);
    using A = matrixOperator(matrix(2, 3), { backend, tags: definite });
    await expect(choleskySolver().init(A)).rejects.toMatchObject({ name: 'ShapeError' });
  });
});

function diagonalOf(a: Matrix): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, i) => a.data[i * a.columns + i]!);
}
