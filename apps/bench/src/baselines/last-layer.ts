import {
  functionSpacePosterior,
  learnHyperparameters,
  tridiagonalEvidence,
  type KernelQuery,
  type LearnedHyperparameters,
  type Posterior,
} from '@ntk/gp';
import { kernelDiagonal, kernelMatrix, linearize, type Linearization } from '@ntk/jacobian';
import { type Matrix, matrix } from '@ntk/linop';
import { ShapeError, UnsupportedError, asDType, exampleShape, sizeOf, type TypedArray } from '@ntk/tensor';
import type { Baseline, BaselineData, BaselinePrediction, FittedBaseline } from './baseline.ts';
import { columnOf, joinOutputs } from './outputs.ts';
import { arithmeticOf, checkOutputs, type NetworkBaselineOptions } from './network-baseline.ts';

/**
 * The last layer refitted from scratch on the frozen features below it: Bayesian ridge regression with an intercept under a flat prior. Ridge
 * parameter and noise variance maximise the evidence, for each output on its own.
 *
 * It is computed in function space with the kernel φφ'ᵀ, the last layer's tangent kernel, so that it costs nothing in the width of the layer.
 * `learned` holds priorVariance (of a weight), noiseVariance, ridge (their ratio), intercept and logEvidence.
 *
 * Cost: 2/3·n³ multiply-adds an output. Source: Rasmussen & Williams (2006), sections 2.1 and 2.7.
 */
export function lastLayerRidge(options: NetworkBaselineOptions): Baseline {
  return { name: 'last layer', fit: (data) => fit(data, options) };
}

/** The regression of one output. */
interface OutputRidge {
  readonly learned: LearnedHyperparameters;
  readonly posterior: Posterior<KernelQuery>;
}

async function fit(data: BaselineData, options: NetworkBaselineOptions): Promise<FittedBaseline> {
  const c = checkOutputs('lastLayerRidge', data, options.network);
  if (data.n < 3)
    throw new ShapeError(
      `lastLayerRidge: got ${data.n} examples, expected at least 3 to learn the ridge parameter from`,
    );
  const train = await linearizeLastLayer(options, data.x);
  const outputs: OutputRidge[] = [];
  const dispose = (): void => {
    outputs.forEach(({ posterior }) => posterior.dispose());
    train.dispose();
  };
  try {
    await checkLinear(train);
    const kernel = await kernelMatrix(train);
    for (let a = 0; a < c; a++) outputs.push(await fitOutput(blockOf(kernel, c, a), columnOf(data.y, c, a)));
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    name: 'last layer',
    learned: outputs.map(({ learned: { priorVariance, noiseVariance, logMarginalLikelihood }, posterior }) => ({
      priorVariance,
      noiseVariance,
      ridge: noiseVariance / priorVariance,
      intercept: posterior.constant[0]!,
      logEvidence: logMarginalLikelihood,
    })),
    predict: (x) => predict(x, { options, train, outputs }),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

async function fitOutput(kTrainTrain: Matrix, yTrain: Float64Array): Promise<OutputRidge> {
  const problem = { kTrainTrain, yTrain, priorMean: { kind: 'constant', outputs: 1 } } as const;
  const learned = await learnHyperparameters(await tridiagonalEvidence(problem));
  const { priorVariance, noiseVariance } = learned;
  return { learned, posterior: await functionSpacePosterior({ ...problem, priorVariance, noise: noiseVariance }) };
}

const TEST_BATCH = 512;

interface Fitted {
  readonly options: NetworkBaselineOptions;
  readonly train: Linearization;
  readonly outputs: readonly OutputRidge[];
}

async function predict(x: TypedArray, { options, train, outputs }: Fitted): Promise<BaselinePrediction> {
  const size = sizeOf(exampleShape(options.network));
  const c = outputs.length;
  const mean = new Float64Array((x.length / size) * c);
  const variance = new Float64Array(mean.length);
  for (let start = 0; start * size < x.length; start += TEST_BATCH) {
    using test = await linearizeLastLayer(options, x.subarray(start * size, (start + TEST_BATCH) * size));
    const [cross, diagonal] = [await kernelMatrix(test, train), await kernelDiagonal(test)];
    const parts = outputs.map((output, a) =>
      predictOutput(output, { kTestTrain: blockOf(cross, c, a), kTestDiagonal: columnOf(diagonal, c, a) }),
    );
    const joined = joinOutputs(await Promise.all(parts));
    mean.set(joined.mean, start * c);
    variance.set(joined.variance, start * c);
  }
  return { mean, variance };
}

async function predictOutput({ learned, posterior }: OutputRidge, query: KernelQuery): Promise<BaselinePrediction> {
  const variance = await posterior.variance(query);
  return { mean: await posterior.mean(query), variance: variance.map((value) => value + learned.noiseVariance) };
}

function linearizeLastLayer(options: NetworkBaselineOptions, x: TypedArray): Promise<Linearization> {
  const { network, backend } = options;
  return linearize(network, asDType(x, arithmeticOf(options)), {
    backend,
    dtype: arithmeticOf(options),
    layers: 'last',
  });
}

/** Rows and columns of output `a` of a kernel over examples and outputs. */
function blockOf({ rows, columns, data }: Matrix, c: number, a: number): Matrix {
  const block = matrix(rows / c, columns / c);
  for (let i = 0; i < block.rows; i++) {
    for (let j = 0; j < block.columns; j++)
      block.data[i * block.columns + j] = data[(i * c + a) * columns + j * c + a]!;
  }
  return block;
}

/** f = J θ says that the outputs are linear in the parameters of the last layer, with nothing added. */
async function checkLinear({ jacobian, outputs, backend, dtype, network, parameters }: Linearization): Promise<void> {
  const values = parameters.flatMap((parameter) => Array.from(network.values[network.parameters.indexOf(parameter)]!));
  using theta = backend.upload(asDType(Float64Array.from(values), dtype), [1, values.length]);
  using product = await jacobian.matmul(theta);
  const [linear, actual] = [await backend.read(product), Float64Array.from(await backend.read(outputs))];
  const size = actual.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  if (actual.every((value, i) => Math.abs(value - linear[i]!) <= 1e-3 * size)) return;
  throw new UnsupportedError(
    `lastLayerRidge: the outputs of '${network.meta.name}' are not linear in its last layer '${parameters[0]!.layer}', expected a linear last layer; split its activation off`,
  );
}
