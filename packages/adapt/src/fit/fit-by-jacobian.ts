import { parameterSpacePosterior } from '@ntk/gp';
import { explicitJacobian } from '@ntk/jacobian';
import { matrix } from '@ntk/linop';
import { directSolver } from './direct-solver.ts';
import type { FitProblem } from './fit-problem.ts';
import { resolveVariances } from './hyperparameters.ts';
import type { FitParts } from './linearized-fit.ts';
import { predictFitted } from './predict-in-batches.ts';

/** Conditions by a Cholesky factor over the parameters, from the Jacobian itself or from its products. */
export async function fitByJacobian(problem: FitProblem): Promise<FitParts> {
  const { linearization, targets, options, plan } = problem;
  options.onProgress('jacobian');
  const held = plan.method.holds === 'jacobian' ? { jTrain: await explicitJacobian(linearization) } : {};
  const { hyperparameters, noise, evidence } = await resolveVariances(problem, held);
  const { jTrain = linearization.jacobian } = held;
  options.onProgress('solve');
  const { priorVariance } = hyperparameters;
  const posterior = await parameterSpacePosterior(
    { jTrain, priorVariance, noise, ...targets },
    directSolver(options.solverBackend ?? options.backend),
  );
  return {
    hyperparameters,
    ...(evidence === undefined ? {} : { evidence }),
    inference: { kind: 'jacobian', posterior },
    weights: () => Promise.resolve(matrix(1, linearization.p, posterior.coefficients.slice())),
    predict: (x) =>
      predictFitted(problem, x, async (test, prior) => {
        const query = { jTest: await explicitJacobian(test), ...prior };
        return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
      }),
  };
}
