import { independentPosterior, outputKernels, sharedPosterior, traceKernel, type KernelQuery } from '@ntk/gp';
import { kernelDiagonal, kernelMatrix, type Linearization } from '@ntk/jacobian';
import { matrix, type Matrix } from '@ntk/linop';
import { directSolver } from './direct-solver.ts';
import type { FitProblem } from './fit-problem.ts';
import { resolveVariances, type Variances } from './hyperparameters.ts';
import type { Inference } from './inference.ts';
import type { FitParts } from './linearized-fit.ts';
import { predictInBatches } from './predict-in-batches.ts';
import { weightVectors } from './weight-vectors.ts';

/** Inference for outputs that are independent of each other. */
type OutputsInference = Extract<Inference, { kind: 'independent' | 'shared' }>;

/** Conditions every output on its own, by Cholesky factors over the examples: with a kernel each, or the average of these for all. */
export async function fitByOutputs(problem: FitProblem): Promise<FitParts> {
  const { linearization } = problem;
  const { inference, hyperparameters, evidence } = await condition(problem);
  const { kind, posterior } = inference;
  return {
    hyperparameters,
    ...(evidence === undefined ? {} : { evidence }),
    inference,
    weights: () => weights(linearization, inference, hyperparameters.priorVariance),
    predict: (x) =>
      predictInBatches(problem, x, async (test, { priorMean }) => {
        const kernels = await testKernels(test, linearization);
        if (kind === 'independent') {
          const query = { outputs: independentQueries(kernels, linearization.c, priorMean) };
          return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
        }
        const query = { ...sharedQuery(kernels, linearization.c), ...(priorMean === undefined ? {} : { priorMean }) };
        return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
      }),
  };
}

// The kernels live no longer than this: closures that saw them would keep them.
async function condition(problem: FitProblem): Promise<{ inference: OutputsInference } & Variances> {
  const { linearization, targets, options, plan } = problem;
  const { c } = linearization;
  options.onProgress('kernel');
  const kernel = await kernelMatrix(linearization);
  const variances = await resolveVariances(problem, { kTrainTrain: kernel });
  const { hyperparameters, noise } = variances;
  options.onProgress('solve');
  const common = { priorVariance: hyperparameters.priorVariance, noiseVariance: noise, ...targets };
  const solver = directSolver(options.solverBackend ?? options.backend);
  const inference: OutputsInference =
    plan.layout === 'independent'
      ? {
          kind: 'independent',
          posterior: await independentPosterior({ ...common, kernels: outputKernels(kernel, c) }, solver),
        }
      : {
          kind: 'shared',
          posterior: await sharedPosterior({ ...common, kTrainTrain: traceKernel(kernel, c), outputs: c }, solver),
        };
  return { inference, ...variances };
}

interface TestKernels {
  /** [m·c, n·c] */
  readonly kTestTrain: Matrix;
  /** [m·c] */
  readonly kTestDiagonal: Float64Array;
}

async function testKernels(test: Linearization, train: Linearization): Promise<TestKernels> {
  return { kTestTrain: await kernelMatrix(test, train), kTestDiagonal: await kernelDiagonal(test) };
}

function independentQueries(
  { kTestTrain, kTestDiagonal }: TestKernels,
  c: number,
  priorMean: Float64Array | undefined,
): KernelQuery[] {
  return outputKernels(kTestTrain, c).map((kernel, output) => {
    const pick = (values: Float64Array): Float64Array => values.filter((_, i) => i % c === output);
    return {
      kTestTrain: kernel,
      kTestDiagonal: pick(kTestDiagonal),
      ...(priorMean === undefined ? {} : { priorMean: pick(priorMean) }),
    };
  });
}

function sharedQuery({ kTestTrain, kTestDiagonal }: TestKernels, c: number): KernelQuery {
  const average = new Float64Array(kTestDiagonal.length / c);
  kTestDiagonal.forEach((value, i) => (average[Math.floor(i / c)]! += value / c));
  return { kTestTrain: traceKernel(kTestTrain, c), kTestDiagonal: average };
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
