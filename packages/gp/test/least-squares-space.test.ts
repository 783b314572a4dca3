import { type OperatorSolver, type OperatorSolverState, functionSpacePosterior, operatorPosterior } from '@ntk/gp';
import { type Matrix, cholesky, choleskySolve, gemm, matrix, matrixOperator, syrk, toMatrix } from '@ntk/linop';
import { type Backend, cpuBackend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { expect, test } from 'vitest';
import { kernels, priorMeans, randomProblem } from './random-problem.ts';

const problem = randomProblem('least squares', { n: 9, m: 4, c: 2, p: 12 });
const { jTrain, jTest, priorVariance, noise, yTrain } = problem;

/** Minimises ‖b − A x‖² + ‖x‖² by the normal equations, scaled by `factor` to stand for a solve that is off. */
function normalEquations(backend: Backend, factor = 1): OperatorSolver {
  const states = new WeakMap<OperatorSolverState, Matrix>();
  return {
    init: async (A) => {
      const dispose = (): void => undefined;
      const state = { dispose, [Symbol.dispose]: dispose };
      states.set(state, await toMatrix(A));
      return state;
    },
    compute: async (state, b) => {
      const a = states.get(state)!;
      const h = syrk(a, { transposeA: true });
      for (let i = 0; i < h.rows; i++) h.data[i * h.rows + i]! += 1;
      const right = matrix(b.shape[0]!, a.rows, Float64Array.from(await b.backend.read(b)));
      const x = choleskySolve(cholesky(h).factor, gemm(right, a));
      const value = backend.upload(
        x.data.map((entry) => factor * entry),
        [x.rows, x.columns],
      );
      return { value, status: 'converged', stats: { steps: 1, residual: [] } };
    },
  };
}

test.each(Object.entries(priorMeans(problem)))(
  'least squares equal the exact posterior, prior mean %s',
  async (_, priorMean) => {
    const backend = trackTensors(cpuBackend());
    const kernelQuery = kernels(problem);
    const targets = { yTrain, noise, ...(priorMean !== undefined && { priorMean }) };
    using exact = await functionSpacePosterior({ kTrainTrain: kernelQuery.kTrainTrain, ...targets });
    {
      using j = matrixOperator(jTrain, { backend });
      const prior = { jTrain: j, priorVariance, ...targets };
      using posterior = await operatorPosterior(prior, normalEquations(backend), { space: 'least-squares' });
      expect(relativeError(await posterior.mean({ jTest }), await exact.mean(kernelQuery))).toBeLessThan(1e-10);
      const variance = await exact.variance(kernelQuery);
      expect(relativeError(await posterior.variance({ jTest }), variance)).toBeLessThan(1e-10);
      using off = await operatorPosterior(prior, normalEquations(backend, 0.9), { space: 'least-squares' });
      const least = await exact.conditioning.variance(kernelQuery);
      const found = await off.conditioning.variance({ jTest });
      found.forEach((value, i) => expect(value).toBeGreaterThanOrEqual(least[i]! * (1 - 1e-12)));
    }
    expect(backend.describeLive()).toEqual([]);
    expect(backend.liveExecutables).toBe(0);
  },
);
