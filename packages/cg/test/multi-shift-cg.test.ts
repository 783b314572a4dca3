import { cg, multiShiftCg } from '@ntk/cg';
import { type LinearOperator, diagonalOperator, matrixOperator, matrix, solve, sumOperator } from '@ntk/linop';
import { randomMatrix, readBlock, testShiftedSolver, uploadBlock } from '@ntk/linop/testing';
import { Rng, type Tensor, cpuBackend } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { definite, noisyKernel, relativeDistance } from './kernels.ts';

testShiftedSolver('multi-shift cg', () => multiShiftCg());

const backend = cpuBackend();
const n = 80;
const rng = new Rng('multi-shift');
const kernel = noisyKernel(n, 0, rng);
const b = randomMatrix(3, n, rng);
const noiseVariances = [1e-3, 1e-2, 0.1, 1, 10, 100];

describe('multiShiftCg', () => {
  it('agrees with a solve for each shift, and counts the products of one', async () => {
    using K = definite(kernel, backend);
    const { A, count } = counted(K);
    using right = uploadBlock(b, backend, 'float64');
    const solver = multiShiftCg({ rtol: 1e-10 });
    using state = await solver.init(A);
    const solutions = await solver.compute(state, right, noiseVariances);
    const shared = count();
    const alone: number[] = [];
    for (const [i, noiseVariance] of noiseVariances.entries()) {
      using solution = solutions[i]!.value;
      using noise = diagonalOperator(new Float64Array(n).fill(noiseVariance), { backend });
      using system = sumOperator([A, noise]);
      const before = count();
      using reference = (await solve(system, right, cg({ rtol: 1e-12, maxSteps: 2000 }))).value;
      alone.push(count() - before);
      const condition = (n + noiseVariance) / noiseVariance;
      const error = relativeDistance(await readBlock(solution), await readBlock(reference));
      expect(error).toBeLessThan(2 * condition * 1e-10);
    }
    expect(solutions.every(({ status }) => status === 'converged')).toBe(true);
    expect(shared).toBeLessThan(1.2 * Math.max(...alone));
    expect(2 * shared).toBeLessThan(alone.reduce((sum, products) => sum + products, 0));
  });

  it('finishes alone what rounding has spoilt in float32', async () => {
    using A = definite(kernel, backend, 'float32');
    using right = uploadBlock(b, backend, 'float32');
    const solver = multiShiftCg({ rtol: 1e-4 });
    using state = await solver.init(A);
    const solutions = await solver.compute(state, right, [0.05, 0.5, 5]);
    for (const { status, message, stats, value } of solutions) {
      expect(status, message).toBe('converged');
      expect(Math.max(...stats.residual)).toBeLessThanOrEqual(1e-4);
      value.dispose();
    }
  });

  it('takes shifts below zero where the sum is positive definite', async () => {
    using A = definite(matrix(2, 2, Float64Array.of(3, 1, 1, 3)), backend);
    using right = uploadBlock(matrix(1, 2, Float64Array.of(1, 0)), backend, 'float64');
    const solver = multiShiftCg({ rtol: 1e-12 });
    using state = await solver.init(A);
    const [solution] = await solver.compute(state, right, [-1]);
    expect(
      relativeDistance(await readBlock(solution!.value), matrix(1, 2, Float64Array.of(2 / 3, -1 / 3))),
    ).toBeLessThan(1e-12);
  });

  it('checks its door', async () => {
    expect(() => multiShiftCg({ rtol: -1 })).toThrow(/multiShiftCg: got rtol -1/);
    using plain = matrixOperator(matrix(2, 2), { backend });
    await expect(multiShiftCg().init(plain)).rejects.toMatchObject({ name: 'TagError' });
    using wide = matrixOperator(matrix(2, 3), { backend, tags: ['positive-definite'] });
    await expect(multiShiftCg().init(wide)).rejects.toMatchObject({ name: 'ShapeError' });
  });
});

/** An operator that counts the vectors it is multiplied by. */
function counted(A: LinearOperator): { readonly A: LinearOperator; readonly count: () => number } {
  let vectors = 0;
  const matmul = async (x: Tensor): Promise<Tensor> => {
    vectors += x.shape[0]!;
    return A.matmul(x);
  };
  return { A: { ...A, matmul }, count: () => vectors };
}
