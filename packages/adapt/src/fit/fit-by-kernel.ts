import { functionSpacePosterior, type FunctionSpacePosterior } from '@ntk/gp';
import { kernelDiagonal, kernelMatrix } from '@ntk/jacobian';
import { matrix } from '@ntk/linop';
import { directSolver } from './direct-solver.ts';
import type { FitProblem } from './fit-problem.ts';
import { resolveVariances, type Variances } from './hyperparameters.ts';
import type { FitParts } from './linearized-fit.ts';
import { predictFitted } from './predict-in-batches.ts';
import { weightVectors } from './weight-vectors.ts';

/** Conditions by a Cholesky factor of K + Σ, over the training rows. */
export async function fitByKernel(problem: FitProblem): Promise<FitParts> {
  const { linearization, plan } = problem;
  const products = { productDtype: plan.method.productDtype };
  const { posterior, hyperparameters, evidence } = await condition(problem);
  return {
    hyperparameters,
    ...(evidence === undefined ? {} : { evidence }),
    inference: { kind: 'kernel', posterior },
    weights: () =>
      weightVectors(
        linearization,
        matrix(1, posterior.coefficients.length, posterior.coefficients),
        hyperparameters.priorVariance,
      ),
    predict: (x) =>
      predictFitted(problem, x, async (test, prior) => {
        const query = {
          kTestTrain: await kernelMatrix(test, linearization, products),
          kTestDiagonal: await kernelDiagonal(test, products),
          ...prior,
        };
        return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
      }),
  };
}

// The kernel lives no longer than this: closures that saw it would keep it.
async function condition(problem: FitProblem): Promise<{ posterior: FunctionSpacePosterior } & Variances> {
  const { linearization, targets, options, plan } = problem;
  const { productDtype } = plan.method;
  options.onProgress('kernel');
  const kTrainTrain = await kernelMatrix(linearization, linearization, { productDtype });
  const variances = await resolveVariances(problem, { kTrainTrain });
  options.onProgress('solve');
  const { noise } = variances;
  const { priorVariance } = variances.hyperparameters;
  const posterior = await functionSpacePosterior(
    { kTrainTrain, priorVariance, noise, inPlace: true, ...targets },
    directSolver(options.solverBackend ?? options.backend),
  );
  return { posterior, ...variances };
}
