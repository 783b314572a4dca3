import { operatorPosterior, type OperatorSolver } from '@ntk/gp';
import { explicitJacobian, kernelMatrix } from '@ntk/jacobian';
import { matrix, matrixOperator, type LinearOperator, type Matrix } from '@ntk/linop';
import { directSolver } from './direct-solver.ts';
import type { FitProblem } from './fit-problem.ts';
import { resolveVariances, type HeldMatrices, type Variances } from './hyperparameters.ts';
import { iterativeSolver } from './iterative-solver.ts';
import type { FitParts } from './linearized-fit.ts';
import { predictInBatches } from './predict-in-batches.ts';

/** Conditions by products with the Jacobian: through the network's linear maps, a stored Jacobian, or (inside the solver) a stored kernel. */
export async function fitByProducts(problem: FitProblem): Promise<FitParts> {
  const { linearization, targets, plan, options } = problem;
  const owned: { dispose(): void }[] = [];
  try {
    const { jTrain, solver, variances } = await prepare(problem, owned);
    options.onProgress('solve');
    const { hyperparameters, noise } = variances;
    const { space, solver: method } = plan.method;
    const posterior = await operatorPosterior(
      { jTrain, priorVariance: hyperparameters.priorVariance, noise, ...targets },
      solver,
      { space: method === 'lsmr' ? 'least-squares' : space },
    );
    return {
      hyperparameters,
      inference: { kind: 'operator', posterior },
      owned,
      weights: () => Promise.resolve(matrix(1, linearization.p, posterior.coefficients.slice())),
      predict: (x) =>
        predictInBatches(problem, x, async (test, prior) => {
          const query = { jTest: test.jacobian, ...prior };
          return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
        }),
    };
  } catch (error) {
    for (const resource of owned) resource.dispose();
    throw error;
  }
}

interface Prepared {
  readonly jTrain: LinearOperator;
  readonly solver: OperatorSolver;
  readonly variances: Variances;
}

// Makes what the method holds; matrices on the host live no longer than this.
async function prepare(problem: FitProblem, owned: { dispose(): void }[]): Promise<Prepared> {
  const { linearization, plan, options } = problem;
  const { backend, dtype, jacobian } = linearization;
  const { holds, solver } = plan.method;
  const held = await hold(problem);
  const variances = await resolveVariances(problem, held);
  const own = (operator: LinearOperator): LinearOperator => {
    owned.push(operator);
    return operator;
  };
  if (solver === 'cholesky') return { jTrain: jacobian, solver: directSolver(options.backend), variances };
  if (holds === 'kernel') {
    const entries = informationOf(held.kTrainTrain!, variances);
    const products = own(matrixOperator(entries, { backend, dtype, tags: ['positive-definite'] }));
    return { jTrain: jacobian, solver: await iterativeSolver(problem, variances, products), variances };
  }
  const jTrain = held.jTrain === undefined ? jacobian : own(matrixOperator(held.jTrain, { backend, dtype }));
  return { jTrain, solver: await iterativeSolver(problem, variances), variances };
}

async function hold({ linearization, plan, options }: FitProblem): Promise<HeldMatrices> {
  switch (plan.method.holds) {
    case 'kernel':
      options.onProgress('kernel');
      return { kTrainTrain: await kernelMatrix(linearization) };
    case 'jacobian':
      options.onProgress('jacobian');
      return { jTrain: await explicitJacobian(linearization) };
    case 'information':
    case 'nothing':
      return {};
  }
}

/** I + s² Σ^{-1/2} K Σ^{-1/2}, in the place of K. */
function informationOf(kernel: Matrix, { hyperparameters, noise }: Variances): Matrix {
  const { data, rows } = kernel;
  const { priorVariance } = hyperparameters;
  const scale = Float64Array.from({ length: rows }, (_, i) =>
    Math.sqrt(priorVariance / (typeof noise === 'number' ? noise : noise[i]!)),
  );
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) data[i * rows + j]! *= scale[i]! * scale[j]!;
    data[i * rows + i]! += 1;
  }
  return kernel;
}
