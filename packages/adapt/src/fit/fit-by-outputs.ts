import { independentPosterior, sharedPosterior, type KernelQuery } from '@ntk/gp';
import { independentKernels, kernelDiagonal, sharedKernel, type Linearization } from '@ntk/jacobian';
import { matrix, type Matrix } from '@ntk/linop';
import type { DType } from '@ntk/tensor';
import { directSolver } from './direct-solver.ts';
import type { FitProblem } from './fit-problem.ts';
import { resolveVariances, type Variances } from './hyperparameters.ts';
import type { Inference } from './inference.ts';
import type { FitParts } from './linearized-fit.ts';
import { predictFitted } from './predict-in-batches.ts';
import { weightVectors } from './weight-vectors.ts';
import { pick } from '../systems/system-jacobian.ts';

/** Inference for outputs that are independent of each other. */
type OutputsInference = Extract<Inference, { kind: 'independent' | 'shared' }>;

/** Conditions every output on its own, by Cholesky factors over the examples: with a kernel each, or the average of these for all. */
export async function fitByOutputs(problem: FitProblem): Promise<FitParts> {
  const { linearization, plan } = problem;
  const train = { train: linearization, productDtype: plan.method.productDtype };
  const { inference, hyperparameters, evidence } = await condition(problem);
  const { kind, posterior } = inference;
  return {
    hyperparameters,
    ...(evidence === undefined ? {} : { evidence }),
    inference,
    weights: () => weights(linearization, inference, hyperparameters.priorVariance),
    predict: (x) =>
      predictFitted(problem, x, async (test, { priorMean }) => {
        if (kind === 'independent') {
          const query = { outputs: await independentQueries({ test, ...train }, priorMean) };
          return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
        }
        const query = {
          ...(await sharedQuery({ test, ...train })),
          ...(priorMean === undefined ? {} : { priorMean }),
        };
        return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
      }),
  };
}

// The kernels live no longer than this: closures that saw them would keep them.
async function condition(problem: FitProblem): Promise<{ inference: OutputsInference } & Variances> {
  const { linearization, targets, options, plan } = problem;
  // The kernel between outputs is needed for the evidence of at most some thousand rows, which makes its own.
  const variances = await resolveVariances(problem, {});
  const { hyperparameters, noise } = variances;
  const products = { productDtype: plan.method.productDtype };
  options.onProgress('kernel');
  const common = { priorVariance: hyperparameters.priorVariance, noiseVariance: noise, ...targets };
  const solver = directSolver(options.solverBackend ?? options.backend);
  if (plan.layout === 'independent') {
    const kernels = await independentKernels(linearization, linearization, products);
    options.onProgress('solve');
    return {
      inference: { kind: 'independent', posterior: await independentPosterior({ ...common, kernels }, solver) },
      ...variances,
    };
  }
  const kTrainTrain = await sharedKernel(linearization, linearization, products);
  options.onProgress('solve');
  const posterior = await sharedPosterior({ ...common, kTrainTrain, outputs: linearization.c }, solver);
  return { inference: { kind: 'shared', posterior }, ...variances };
}

/** Test points, training points, and the dtype of the products of kernels. */
interface KernelSides {
  readonly test: Linearization;
  readonly train: Linearization;
  readonly productDtype: DType;
}

async function independentQueries(
  { test, train, ...products }: KernelSides,
  priorMean: Float64Array | undefined,
): Promise<KernelQuery[]> {
  const kernels = await independentKernels(test, train, products);
  const diagonal = await kernelDiagonal(test, products); // [m·c]
  return kernels.map((kTestTrain, output) => {
    return {
      kTestTrain,
      kTestDiagonal: pick(diagonal, test.c, output),
      ...(priorMean === undefined ? {} : { priorMean: pick(priorMean, test.c, output) }),
    };
  });
}

async function sharedQuery({ test, train, ...products }: KernelSides): Promise<KernelQuery> {
  const average = new Float64Array(test.n);
  (await kernelDiagonal(test, products)).forEach((value, i) => (average[Math.floor(i / test.c)]! += value / test.c));
  return { kTestTrain: await sharedKernel(test, train, products), kTestDiagonal: average };
}

/** s² Jᵀ(α_a ⊗ e_a) for each output a; shared: (s²/c) Jᵀ(α_b ⊗ e_a) for each pair. */
async function weights(
  linearization: Linearization,
  { kind, posterior }: OutputsInference,
  priorVariance: number,
): Promise<Matrix> {
  const { n, c } = linearization;
  const { coefficients } = posterior; // [c, n]
  const pairs =
    kind === 'independent'
      ? Array.from({ length: c }, (_, a) => [a, a] as const)
      : Array.from({ length: c * c }, (_, i) => [Math.floor(i / c), i % c] as const);
  const u = matrix(pairs.length, n * c);
  pairs.forEach(([at, from], row) => {
    for (let i = 0; i < n; i++) u.data[row * n * c + i * c + at] = coefficients.data[from * n + i]!;
  });
  return weightVectors(linearization, u, kind === 'independent' ? priorVariance : priorVariance / c);
}
