import {
  choleskySolver,
  cholesky,
  copyMatrix,
  identityMatrix,
  matrix,
  syrk,
  tryCholesky,
  tryCholeskyOn,
} from '@ntk/linop';
import {
  frobeniusNorm,
  geometricSpectrum,
  matrixWithSpectrum,
  randomMatrix,
  testLinearSolver,
} from '@ntk/linop/testing';
import { Rng, UnsupportedError, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it, test } from 'vitest';
import { U, distance, lowerOf, symmetric } from './matrices.ts';

const backend = cpuBackend();

testLinearSolver('cholesky on a backend', () => choleskySolver({ backend }), { conditions: [1, 1e3, 1e6] });

describe('cholesky on a backend', () => {
  it.each([
    [0, 1],
    [1, 1],
    [63, 10],
    [256, 10],
    [257, 1e10],
    [320, 1e14],
    [520, 1e3],
  ])('gives A = L Lᵀ to rounding: n = %i, condition %d', async (n, condition) => {
    const a = matrixWithSpectrum(geometricSpectrum(n, condition), new Rng(n));
    const before = copyMatrix(a);
    const result = await tryCholeskyOn(backend, a);
    if (result.status !== 'converged') throw new Error(result.message);
    expect(result.jitter).toBe(0);
    expect(lowerOf(result.factor).data).toEqual(result.factor.data);
    expect(a.data).toEqual(before.data);
    // Higham (2002), Accuracy and stability, theorem 10.3
    expect(distance(syrk(result.factor), a)).toBeLessThanOrEqual(2 * (n + 1) * U * frobeniusNorm(result.factor) ** 2);
  });

  it('keeps the residual of substitution where the inverted triangles are ill-conditioned themselves', async () => {
    const a = symmetric(400, (i, j) => Math.exp(-(((i - j) / 20) ** 2)) + (i === j ? 1e-9 : 0));
    const result = await tryCholeskyOn(backend, a, { jitter: { limit: 0 } });
    if (result.status !== 'converged') throw new Error(result.message);
    expect(distance(syrk(result.factor), a)).toBeLessThanOrEqual(401 * U * frobeniusNorm(a));
  });

  it('works in place, and restores the original after a failure', async () => {
    const a = matrixWithSpectrum(geometricSpectrum(300, 10), new Rng(1));
    const inPlace = await tryCholeskyOn(backend, a, { inPlace: true });
    expect(inPlace).toMatchObject({ status: 'converged', factor: a });
    const indefinite = identityMatrix(300);
    indefinite.data[290 * 300 + 290] = -1;
    const before = copyMatrix(indefinite);
    const failed = await tryCholeskyOn(backend, indefinite, { inPlace: true });
    expect(failed).toMatchObject({ status: 'breakdown', pivot: 290 });
    expect(failed).toEqual(tryCholesky(before));
    expect(indefinite.data).toEqual(before.data);
  });

  it('leaves the upper triangle alone, from which failures beyond the first panel are undone', async () => {
    const eigenvalues = geometricSpectrum(300, 10).map((value, i) => (i === 299 ? -1e-3 : value));
    const a = matrixWithSpectrum(eigenvalues, new Rng(7));
    const copy = copyMatrix(a);
    const failed = await tryCholeskyOn(backend, copy, { inPlace: true, jitter: { limit: 0 } });
    expect(failed).toMatchObject({ status: 'breakdown' });
    expect((failed as { pivot: number }).pivot).toBeGreaterThan(256);
    expect(copy.data).toEqual(a.data);
    const jittered = await tryCholeskyOn(backend, copy, { inPlace: true, jitter: { limit: 0.1 } });
    expect(jittered).toMatchObject({ status: 'converged', jitter: cholesky(a, { jitter: { limit: 0.1 } }).jitter });
  });

  it('adds the jitter that the host adds', async () => {
    const singular = syrk(randomMatrix(300, 3, new Rng(2)));
    const onHost = cholesky(singular);
    const result = await tryCholeskyOn(backend, singular);
    expect(result).toMatchObject({ status: 'converged', jitter: onHost.jitter });
  });

  it('reports entries that are not finite, and what it was not given', async () => {
    const a = identityMatrix(3);
    a.data[7] = NaN;
    expect(await tryCholeskyOn(backend, a)).toMatchObject({ status: 'non-finite-input', pivot: 2 });
    await expect(tryCholeskyOn(backend, matrix(2, 3))).rejects.toThrow(expect.objectContaining({ name: 'ShapeError' }));
    const single = { ...backend, supports: { ...backend.supports, float64: false } };
    await expect(tryCholeskyOn(single, identityMatrix(2))).rejects.toThrow(UnsupportedError);
    expect(() => choleskySolver({ backend: single })).toThrow(UnsupportedError);
  });

  test('no tensor is left over', async () => {
    const tracked = trackTensors(cpuBackend());
    await tryCholeskyOn(tracked, matrixWithSpectrum(geometricSpectrum(520, 1e8), new Rng(3)));
    const indefinite = identityMatrix(300);
    indefinite.data[280 * 300 + 280] = -1;
    await tryCholeskyOn(tracked, indefinite);
    expect(tracked.describeLive()).toEqual([]);
    expect(tracked.liveExecutables).toBe(0);
  });
});
