import { operatorPosterior, type OperatorSolver, type OperatorSpaceProblem, type SolveReport } from '@ntk/gp';
import { explicitJacobian, kernelMatrix } from '@ntk/jacobian';
import { matrix, matrixOperator, type LinearOperator, type Matrix, type Placement } from '@ntk/linop';
import type { FitProblem } from './fit-problem.ts';
import { resolveVariances, type Variances } from './hyperparameters.ts';
import { iterativeSolver } from './iterative-solver.ts';
import type { FitParts } from './linearized-fit.ts';
import { predictFitted } from './predict-in-batches.ts';

/** Conditions by products with the Jacobian: through the network's linear maps, a stored Jacobian, or (inside the solver) a stored kernel. */
export async function fitByProducts(problem: FitProblem): Promise<FitParts> {
  const { linearization, targets, plan, options, start } = problem;
  const owned: { dispose(): void }[] = [];
  let solution: SolveReport | undefined;
  try {
    const { jacobians, solver, variances } = await prepare(problem, owned);
    options.onProgress('solve');
    const { hyperparameters, noise, evidence } = variances;
    const { space, solver: method } = plan.method;
    const posterior = await operatorPosterior(
      { ...jacobians, priorVariance: hyperparameters.priorVariance, noise, ...targets },
      solver,
      {
        space: method === 'lsmr' ? 'least-squares' : space,
        ...(start === undefined ? {} : { start }),
        onSolve: (report) => {
          if (report.purpose === 'fit') solution ??= report;
        },
      },
    );
    return {
      hyperparameters,
      ...(evidence === undefined ? {} : { evidence }),
      ...(solution === undefined ? {} : { solution }),
      inference: { kind: 'operator', posterior },
      owned,
      weights: () => Promise.resolve(matrix(1, linearization.p, posterior.coefficients.slice())),
      predict: (x) =>
        predictFitted(problem, x, async (test, prior) => {
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
  readonly jacobians: Pick<OperatorSpaceProblem, 'jTrain' | 'jSolve'>;
  readonly solver: OperatorSolver;
  readonly variances: Variances;
}

// Makes what the method holds; matrices on the host live no longer than this.
async function prepare(problem: FitProblem, owned: { dispose(): void }[]): Promise<Prepared> {
  const own = (operator: LinearOperator): LinearOperator => {
    owned.push(operator);
    return operator;
  };
  const { options, linearization, plan } = problem;
  const { jacobian: jTrain, dtype } = linearization;
  const place = solverPlacement(problem);
  if (plan.method.holds === 'kernel') {
    options.onProgress('kernel');
    const kTrainTrain = await kernelMatrix(linearization);
    const variances = await resolveVariances(problem, { kTrainTrain });
    const entries = informationOf(kTrainTrain, variances);
    const products = own(matrixOperator(entries, { ...place, tags: ['positive-definite'] }));
    const judged = await iterativeSolver(problem, variances, { dtype, products });
    return { jacobians: { jTrain }, solver: judged, variances };
  }
  const stored = plan.method.holds === 'jacobian' ? own(await storedJacobian(problem, place)) : undefined;
  // What another backend solves with may be less precise than what evidence and variances are made of.
  const trusted = options.solverBackend === undefined ? stored : undefined;
  const variances = await resolveVariances(problem, trusted === undefined ? {} : { jTrain: trusted });
  const solver = await iterativeSolver(problem, variances, place);
  const jSolve = trusted === undefined && stored !== undefined ? { jSolve: stored } : {};
  return { jacobians: { jTrain: trusted ?? jTrain, ...jSolve }, solver, variances };
}

/** Where matrices that the solver multiplies by are stored: in the dtype of the linearization, or as near as the backend has it. */
function solverPlacement({ linearization, options }: FitProblem): Required<Placement> {
  const { solverBackend: backend = linearization.backend } = options;
  const { dtype } = linearization;
  return { backend, dtype: backend.supports[dtype] ? dtype : 'float32' };
}

async function storedJacobian(
  { linearization, options }: FitProblem,
  place: Required<Placement>,
): Promise<LinearOperator> {
  options.onProgress('jacobian');
  return matrixOperator(await explicitJacobian(linearization), place);
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
