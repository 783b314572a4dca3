import { functionSpacePosterior, parameterSpacePosterior, type PriorMean } from '@ntk/gp';
import {
  explicitJacobian,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  type LayerSelection,
  type Linearization,
} from '@ntk/jacobian';
import { choleskySolver, matrix, type CholeskyState, type LinearSolver, type Matrix } from '@ntk/linop';
import { ShapeError, exampleCount, outputCount, type Network, type TypedArray } from '@ntk/tensor';
import {
  functionSpaceEvidence,
  parameterSpaceEvidence,
  resolveHyperparameters,
  type Hyperparameters,
} from './hyperparameters.ts';
import type { Inference } from './inference.ts';
import type { OutputsLayout, ResolvedOptions, Space } from './options.ts';

/** Inputs and targets. */
export interface TrainingData {
  /** [n, …exampleShape], row-major. */
  readonly x: TypedArray;
  /** [n, c], row-major. */
  readonly y: Float64Array;
}

/** Mean and variance of the noise-free function, [m·c] each, output fastest. */
export interface Prediction {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** A linearised network conditioned on data. */
export interface LinearizedFit {
  readonly space: Space;
  readonly outputs: OutputsLayout;
  readonly linearization: Linearization;
  readonly hyperparameters: Hyperparameters;
  readonly inference: Inference;
  /**
   * The weights that the mean comes from without training data, one vector a row, [k, p]. `full`: one, the mean at x is m(x) + J(x) w.
   * `independent`: one for each output a, m_a(x) + J_a(x) w_a. `shared`: row a·c + b is v_ab, and output b is m_b(x) + Σ_a J_a(x) v_ab.
   */
  weights(): Promise<Matrix>;
  /** Mean and variance at new inputs; the network goes through them in batches. */
  predict(x: TypedArray): Promise<Prediction>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Linearises a network on training inputs and conditions on the targets.
 *
 * @returns the fit; the caller disposes it
 * @throws {ShapeError} if inputs and targets do not belong together
 */
export async function fitLinearized(
  network: Network,
  data: TrainingData,
  options: ResolvedOptions & { readonly layers: LayerSelection },
): Promise<LinearizedFit> {
  checkData(network, data);
  const { backend, dtype, layers, onProgress } = options;
  onProgress('linearize');
  const linearization = await linearize(network, data.x, { backend, dtype, layers });
  try {
    const priorMean = await priorMeanOf(linearization, options.mean);
    const rows = linearization.n * linearization.c;
    const space = options.space === 'auto' ? (linearization.p < rows ? 'parameter' : 'function') : options.space;
    const problem = { linearization, yTrain: data.y, priorMean, options };
    return await (space === 'function' ? fitFunctionSpace(problem) : fitParameterSpace(problem));
  } catch (error) {
    linearization.dispose();
    throw error;
  }
}

interface Problem {
  readonly linearization: Linearization;
  readonly yTrain: Float64Array;
  readonly priorMean: PriorMean | undefined;
  readonly options: ResolvedOptions;
}

async function fitFunctionSpace({ linearization, yTrain, priorMean, options }: Problem): Promise<LinearizedFit> {
  options.onProgress('kernel');
  const kTrainTrain = await kernelMatrix(linearization);
  options.onProgress('evidence');
  const targets = { yTrain, ...(priorMean === undefined ? {} : { priorMean }) };
  const hyperparameters = await resolveHyperparameters(options, () =>
    functionSpaceEvidence({ kTrainTrain, ...targets }, { outputs: linearization.c, dtype: linearization.dtype }),
  );
  options.onProgress('solve');
  const { priorVariance, noiseVariance } = hyperparameters;
  const kernelProblem = { kTrainTrain, priorVariance, noise: noiseVariance, ...targets };
  const posterior = await functionSpacePosterior(kernelProblem, directSolver(options));
  const weights = async (): Promise<Matrix> => {
    const w = await transposedProduct(linearization, posterior.coefficients);
    return matrix(
      1,
      w.length,
      w.map((value) => priorVariance * value),
    );
  };
  const predict = (x: TypedArray): Promise<Prediction> =>
    predictInBatches(linearization, x, options, async (test, prior) => {
      const query = {
        kTestTrain: await kernelMatrix(test, linearization),
        kTestDiagonal: await kernelDiagonal(test),
        ...prior,
      };
      return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
    });
  const inference = { kind: 'kernel', posterior } as const;
  return makeFit({ space: 'function', outputs: 'full', linearization, hyperparameters, inference, weights, predict });
}

async function fitParameterSpace({ linearization, yTrain, priorMean, options }: Problem): Promise<LinearizedFit> {
  options.onProgress('jacobian');
  const jTrain = await explicitJacobian(linearization);
  options.onProgress('evidence');
  const targets = { yTrain, ...(priorMean === undefined ? {} : { priorMean }) };
  const hyperparameters = await resolveHyperparameters(options, () =>
    parameterSpaceEvidence({ jTrain, ...targets }, linearization.dtype),
  );
  options.onProgress('solve');
  const { priorVariance, noiseVariance } = hyperparameters;
  const jacobianProblem = { jTrain, priorVariance, noise: noiseVariance, ...targets };
  const posterior = await parameterSpacePosterior(jacobianProblem, directSolver(options));
  const predict = (x: TypedArray): Promise<Prediction> =>
    predictInBatches(linearization, x, options, async (test, prior) => {
      const query = { jTest: await explicitJacobian(test), ...prior };
      return { mean: await posterior.mean(query), variance: await posterior.variance(query) };
    });
  return makeFit({
    space: 'parameter',
    outputs: 'full',
    linearization,
    hyperparameters,
    inference: { kind: 'jacobian', posterior },
    weights: () => Promise.resolve(matrix(1, linearization.p, posterior.coefficients.slice())),
    predict,
  });
}

/** A Cholesky factor, by products of the backend where it has float64. */
function directSolver({ backend }: ResolvedOptions): LinearSolver<CholeskyState> {
  return choleskySolver(backend.supports.float64 ? { backend } : {});
}

function makeFit(parts: Omit<LinearizedFit, 'dispose' | typeof Symbol.dispose>): LinearizedFit {
  const dispose = (): void => {
    parts.inference.posterior.dispose();
    parts.linearization.dispose();
  };
  return { ...parts, dispose, [Symbol.dispose]: dispose };
}

function checkData(network: Network, { x, y }: TrainingData): void {
  const n = exampleCount(network, x.length);
  const c = outputCount(network);
  if (y.length !== n * c) {
    throw new ShapeError(
      `adapt: got ${n} examples and ${y.length} targets, expected ${n * c} targets: ${c} for each example`,
    );
  }
}

async function priorMeanOf(
  { outputs, backend, c }: Linearization,
  mean: ResolvedOptions['mean'],
): Promise<PriorMean | undefined> {
  if (mean === 'zero') return undefined;
  return mean === 'constant'
    ? { kind: 'constant', outputs: c }
    : { kind: 'fixed', values: Float64Array.from(await backend.read(outputs)) };
}

/** Jᵀu in float64 on the host. */
async function transposedProduct({ backend, dtype, jacobian }: Linearization, u: Float64Array): Promise<Float64Array> {
  using input = backend.upload(dtype === 'float64' ? u : Float32Array.from(u), [1, u.length]);
  using product = await jacobian.transpose().matmul(input);
  return Float64Array.from(await backend.read(product));
}

const TEST_BATCH = 512;

/** Linearises new inputs a batch at a time and predicts each batch. All batches have one size, so that Programs compile once. */
async function predictInBatches(
  train: Linearization,
  x: TypedArray,
  options: ResolvedOptions & { readonly layers: LayerSelection },
  predict: (test: Linearization, prior: { priorMean?: Float64Array }) => Promise<Prediction>,
): Promise<Prediction> {
  const { network, backend, dtype, c } = train;
  const m = exampleCount(network, x.length);
  const size = x.length / m;
  const mean = new Float64Array(m * c);
  const variance = new Float64Array(m * c);
  const batchSize = Math.min(m, TEST_BATCH);
  for (let start = 0; start < m; start += batchSize) {
    using test = await linearize(network, x.subarray(start * size, (start + batchSize) * size), {
      backend,
      dtype,
      layers: options.layers,
      batchSize,
    });
    const prior = options.mean === 'network' ? { priorMean: Float64Array.from(await backend.read(test.outputs)) } : {};
    const part = await predict(test, prior);
    mean.set(part.mean, start * c);
    variance.set(part.variance, start * c);
  }
  return { mean, variance };
}
