import {
  type Preconditioner,
  type Preconditioning,
  cg,
  jacobi,
  nystrom,
  pivotedCholesky,
  randomlyPivotedCholesky,
} from '@ntk/cg';
import {
  type Matrix,
  cholesky,
  choleskyLogDeterminant,
  eigenvaluesOf,
  gemm,
  identityMatrix,
  matrix,
  syrk,
  toMatrix,
} from '@ntk/linop';
import {
  frobeniusNorm,
  geometricSpectrum,
  matrixWithSpectrum,
  randomMatrix,
  testLinearOperator,
  uploadBlock,
} from '@ntk/linop/testing';
import { Rng, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { U, definite, noisyKernel, relativeDistance } from './kernels.ts';

const noiseVariance = 1e-3;
const N = 40;
const kernel = noisyKernel(N, noiseVariance, new Rng('kernel'));
const heteroscedastic = Float64Array.from({ length: N }, (_, i) => noiseVariance * (1 + (i % 5)));

const make = (rank: number): readonly (readonly [name: string, preconditioner: Preconditioner])[] => [
  ['Jacobi', jacobi()],
  ['pivoted Cholesky', pivotedCholesky({ rank, noiseVariance })],
  ['pivoted Cholesky, one by one', pivotedCholesky({ rank, noiseVariance, blockSize: 1 })],
  ['randomly pivoted Cholesky', randomlyPivotedCholesky({ rank, noiseVariance, rng: new Rng(1) })],
  ['Nyström', nystrom({ rank, noiseVariance, rng: new Rng(2) })],
];

async function initialise(preconditioner: Preconditioner, a: Matrix): Promise<Preconditioning> {
  const backend = cpuBackend();
  using A = definite(a, backend);
  return await preconditioner.init(A, { backend, dtype: 'float64' }); // awaited: it borrows A
}

describe.each(make(8))('%s', (name, preconditioner) => {
  for (const part of ['inverse', 'inverseRoot'] as const) {
    for (const dtype of ['float64', 'float32'] as const) {
      testLinearOperator(`${part} of ${name}, ${dtype}`, async (backend) => {
        using A = definite(kernel, backend);
        const preconditioning = await preconditioner.init(A, { backend, dtype });
        return { operator: preconditioning[part], owned: [preconditioning] };
      });
    }
  }

  it('has a root and a log-determinant that belong to its inverse', async () => {
    using preconditioning = await initialise(preconditioner, kernel);
    const inverse = await toMatrix(preconditioning.inverse);
    const root = await toMatrix(preconditioning.inverseRoot);
    expect(relativeDistance(syrk(root, { transposeA: true }), inverse)).toBeLessThan(N * U);
    const eigenvalues = eigenvaluesOf(inverse);
    const condition = eigenvalues[N - 1]! / eigenvalues[0]!;
    const logDeterminant = -eigenvalues.reduce((sum, value) => sum + Math.log(value), 0);
    expect(Math.abs(preconditioning.logDeterminant - logDeterminant)).toBeLessThan(N * condition * U);
  });

  it('is the same for the same operator and seed', async () => {
    using first = await initialise(preconditioner, kernel);
    using second = await initialise(preconditioner, kernel);
    expect((await toMatrix(second.inverse)).data).toEqual((await toMatrix(first.inverse)).data);
  });

  it('leaves nothing behind, where the operator works in float32 too', async () => {
    const backend = trackTensors(cpuBackend());
    using A = definite(kernel, backend, 'float32');
    const before = backend.liveTensors;
    (await preconditioner.init(A, { backend, dtype: 'float64' })).dispose();
    expect(backend.liveTensors).toBe(before);
  });

  it.each([
    ['breakdown', -1],
    ['non-finite-input', NaN],
  ])('says %s for a diagonal entry of %d', async (status, entry) => {
    const broken = matrix(
      N,
      N,
      kernel.data.map((value, i) => (i === 3 * N + 3 ? entry : value)),
    );
    using A = definite(broken, cpuBackend());
    using b = uploadBlock(randomMatrix(2, N, new Rng(3)), A.backend, 'float64');
    const solver = cg({ preconditioner });
    using state = await solver.init(A);
    const solution = await solver.compute(state, b);
    expect(solution.status).toBe(status);
    if (name !== 'Nyström' || status === 'non-finite-input') expect(state.failure?.status).toBe(status);
    solution.value.dispose();
  });
});

describe('low-rank preconditioners', () => {
  it.each(make(N).slice(1))('are the inverse at full rank: %s', async (_, preconditioner) => {
    using preconditioning = await initialise(preconditioner, kernel);
    const inverse = await toMatrix(preconditioning.inverse);
    const condition = frobeniusNorm(kernel) / noiseVariance;
    expect(relativeDistance(gemm(kernel, inverse), identityMatrix(N))).toBeLessThan(10 * condition * U);
    const exact = choleskyLogDeterminant(cholesky(kernel).factor);
    expect(Math.abs(preconditioning.logDeterminant - exact)).toBeLessThan(N * condition * U);
  });

  it('take noise that differs between rows', async () => {
    const a = matrix(
      N,
      N,
      kernel.data.map((entry, i) =>
        i % (N + 1) === 0 ? entry - noiseVariance + heteroscedastic[i / (N + 1)]! : entry,
      ),
    );
    for (const preconditioner of [
      pivotedCholesky({ rank: N, noiseVariance: heteroscedastic }),
      nystrom({ rank: N, noiseVariance: heteroscedastic, rng: new Rng(1) }),
    ]) {
      using preconditioning = await initialise(preconditioner, a);
      const product = gemm(a, await toMatrix(preconditioning.inverse));
      expect(relativeDistance(product, identityMatrix(N))).toBeLessThan(1e-8);
    }
  });

  it('stop where the kernel is exhausted, and do so without noise in the entries', async () => {
    const rng = new Rng(5);
    const factor = randomMatrix(N, 3, rng);
    const a = syrk(factor);
    for (let i = 0; i < N; i++) a.data[i * N + i]! += 0.5;
    for (const preconditioner of [
      pivotedCholesky({ rank: 20, noiseVariance: 0.5 }),
      randomlyPivotedCholesky({ rank: 20, noiseVariance: 0.5, rng }),
      nystrom({ rank: 20, noiseVariance: 0.5, rng }),
    ]) {
      using preconditioning = await initialise(preconditioner, a);
      const product = gemm(a, await toMatrix(preconditioning.inverse));
      expect(relativeDistance(product, identityMatrix(N))).toBeLessThan(1e-12 * N);
    }
  });

  it('take most of the steps away from a kernel whose eigenvalues fall fast', async () => {
    const n = 200;
    const a = noisyKernel(n, noiseVariance, new Rng(6));
    const backend = cpuBackend();
    using A = definite(a, backend);
    using b = uploadBlock(randomMatrix(2, n, new Rng(7)), backend, 'float64');
    const steps = async (preconditioner?: Preconditioner): Promise<number> => {
      const solver = cg({ rtol: 1e-8, ...(preconditioner === undefined ? {} : { preconditioner }) });
      using state = await solver.init(A);
      const { value, stats, status } = await solver.compute(state, b);
      expect(status).toBe('converged');
      value.dispose();
      return stats.steps;
    };
    const plain = await steps();
    for (const [name, preconditioner] of make(60).slice(1)) {
      expect(await steps(preconditioner), name).toBeLessThan(plain / 5);
    }
  });

  it('keep Nyström useful in float32, where the sketch is rounded at 1e-7 of the largest eigenvalue', async () => {
    const n = 60;
    const a = matrixWithSpectrum(geometricSpectrum(n, 1e5), new Rng(8));
    const backend = cpuBackend();
    using A = definite(a, backend, 'float32');
    using b = uploadBlock(gemm(randomMatrix(1, n, new Rng(9)), a), backend, 'float32');
    const options = { rtol: 1e-4, reorthogonalize: true };
    const solver = cg({ ...options, preconditioner: nystrom({ rank: 30, noiseVariance: 1e-5, rng: new Rng(1) }) });
    using state = await solver.init(A);
    const solution = await solver.compute(state, b);
    expect(solution.status, solution.message).toBe('converged');
    expect(solution.stats.steps).toBeLessThan(n / 2);
    solution.value.dispose();
  });

  it('refuse options that make no sense', async () => {
    expect(() => pivotedCholesky({ rank: 0, noiseVariance })).toThrow(/rank 0/);
    expect(() => pivotedCholesky({ rank: 3, noiseVariance, blockSize: 0.5 })).toThrow(/blockSize 0.5/);
    expect(() => nystrom({ rank: -1, noiseVariance, rng: new Rng(1) })).toThrow(/rank -1/);
    await expect(initialise(pivotedCholesky({ rank: 3, noiseVariance: 0 }), kernel)).rejects.toMatchObject({
      name: 'OptionError',
    });
    await expect(
      initialise(pivotedCholesky({ rank: 3, noiseVariance: new Float64Array(3) }), kernel),
    ).rejects.toMatchObject({ name: 'ShapeError' });
  });
});
