import { functionSpacePosterior, lbfgs, type KernelQuery, type Minimum, type Posterior } from '@ntk/gp';
import { type Matrix, matrix } from '@ntk/linop';
import { OptionError, ShapeError, type Rng, type TypedArray } from '@ntk/tensor';
import type { Baseline, BaselineData, BaselinePrediction, FittedBaseline } from './baseline.ts';
import { columnOf, joinOutputs, sizesOf } from './outputs.ts';
import { hyperparametersOf, rbfEvidence } from './rbf-evidence.ts';
import { rbfKernel, type RbfHyperparameters } from './rbf-kernel.ts';
import { standardize, standardizerOf, type Standardizer } from './standardizer.ts';

/** Settings of `rbfGp`. */
export interface RbfGpOptions {
  /** Draws the starting points. */
  readonly rng: Rng;
  /** Maximisations of the evidence, from one fixed and otherwise random starting points; the best wins. 5 by default. */
  readonly starts?: number;
  /** Steps of each; 200 by default. */
  readonly maxSteps?: number;
}

/**
 * Gaussian process regression with an RBF kernel: a length scale for each input, signal and noise variance, all learned by maximising the
 * evidence; constant mean by generalised least squares, its uncertainty included. Each output has its own. It never sees the network.
 *
 * `learned` holds lengthScales, signalVariance, noiseVariance, constantMean and logEvidence (in nats), in the units of the data.
 *
 * @throws {OptionError} if an option is not a positive integer
 *
 * Cost: about n³ multiply-adds for each of some 50 evaluations a start, and as many for the best: with 7 inputs 0.2 s for n = 40, 10 s for n = 300 on two busy cores.
 * Source: Rasmussen & Williams (2006), sections 2.7 and 5.4.1.
 */
export function rbfGp(options: RbfGpOptions): Baseline {
  const { rng, starts = 5, maxSteps = 200 } = options;
  for (const [name, value] of Object.entries({ starts, maxSteps })) {
    if (!Number.isInteger(value) || value < 1)
      throw new OptionError(`rbfGp: got ${name} ${value}, expected a positive integer`);
  }
  return { name: 'RBF GP', fit: (data) => fit(data, { rng, starts, maxSteps }) };
}

async function fit(data: BaselineData, options: Required<RbfGpOptions>): Promise<FittedBaseline> {
  const { d, c } = sizesOf('rbfGp', data);
  if (data.n < 3)
    throw new ShapeError(`rbfGp: got ${data.n} examples, expected at least 3 to learn hyperparameters from`);
  const inputs = matrix(data.n, d, Float64Array.from(data.x));
  const scale = standardizerOf(inputs);
  const x = standardize(inputs, scale);
  const outputs: OutputGp[] = [];
  for (let a = 0; a < c; a++) {
    outputs.push(await fitOutput(x, columnOf(data.y, c, a), { ...options, rng: options.rng.fork(`output ${a}`) }));
  }
  const dispose = (): void => outputs.forEach(({ posterior }) => posterior.dispose());
  return {
    name: 'RBF GP',
    learned: outputs.map((output) => inUnitsOfData(output, scale)),
    predict: async (test) =>
      joinOutputs(await Promise.all(outputs.map((output) => predict(output, toTest(test, scale))))),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** The process of one output, in standardised units. */
interface OutputGp {
  readonly x: Matrix;
  readonly target: Standardizer;
  readonly hyperparameters: RbfHyperparameters;
  readonly posterior: Posterior<KernelQuery>;
}

async function fitOutput(x: Matrix, y: Float64Array, options: Required<RbfGpOptions>): Promise<OutputGp> {
  const column = matrix(y.length, 1, y);
  const target = standardizerOf(column);
  const scaled = standardize(column, target).data;
  const hyperparameters = hyperparametersOf(maximizeEvidence(x, scaled, options).x);
  const posterior = await functionSpacePosterior({
    kTrainTrain: rbfKernel(x, x, hyperparameters),
    yTrain: scaled,
    noise: hyperparameters.noiseVariance,
    priorMean: { kind: 'constant', outputs: 1 },
  });
  return { x, target, hyperparameters, posterior };
}

/** How steep the evidence may be, in nats for each factor of e, where a start ends and where the best of them ends. */
const EXPLORED = 1e-2;
const POLISHED = 1e-5;

/** The evidence has many maxima, so every start is followed, but only the best to the end. */
function maximizeEvidence(x: Matrix, y: Float64Array, { rng, starts, maxSteps }: Required<RbfGpOptions>): Minimum {
  const minimize = (from: Float64Array, gradientTolerance: number): Minimum =>
    lbfgs((theta) => rbfEvidence(x, y, theta), from, { maxSteps, gradientTolerance });
  const minima = Array.from({ length: starts }, (_, i) =>
    minimize(startingPoint(x.columns, i === 0 ? undefined : rng), EXPLORED),
  );
  const best = minima.reduce((lowest, minimum) => (minimum.value < lowest.value ? minimum : lowest));
  return minimize(best.x, POLISHED);
}

/** Typical distances of standardised inputs are √d: the fixed start has that length scale, full signal and a tenth of noise. */
function startingPoint(d: number, rng: Rng | undefined): Float64Array {
  const jitter = (spread: number): number => (rng === undefined ? 0 : spread * rng.normal());
  const lengths = Array.from({ length: d }, () => Math.log(d) / 2 + jitter(1));
  return Float64Array.from([...lengths, jitter(0.5), Math.log(0.1) + jitter(1.5)]);
}

function toTest(x: TypedArray, scale: Standardizer): Matrix {
  const d = scale.mean.length;
  return standardize(matrix(x.length / d, d, Float64Array.from(x)), scale);
}

async function predict({ x, target, hyperparameters, posterior }: OutputGp, test: Matrix): Promise<BaselinePrediction> {
  const { signalVariance, noiseVariance } = hyperparameters;
  const query = {
    kTestTrain: rbfKernel(test, x, hyperparameters),
    kTestDiagonal: new Float64Array(test.rows).fill(signalVariance),
  };
  const [mean, variance] = [await posterior.mean(query), await posterior.variance(query)];
  const [shift, unit] = [target.mean[0]!, target.deviation[0]!];
  return {
    mean: mean.map((value) => shift + unit * value),
    variance: variance.map((value) => unit * unit * (value + noiseVariance)),
  };
}

function inUnitsOfData(
  { target, hyperparameters, posterior, x }: OutputGp,
  scale: Standardizer,
): FittedBaseline['learned'][number] {
  const [shift, unit] = [target.mean[0]!, target.deviation[0]!];
  return {
    lengthScales: Array.from(hyperparameters.lengthScales, (length, l) => length * scale.deviation[l]!),
    signalVariance: hyperparameters.signalVariance * unit ** 2,
    noiseVariance: hyperparameters.noiseVariance * unit ** 2,
    constantMean: shift + unit * posterior.constant[0]!,
    logEvidence: posterior.logMarginalLikelihood - (x.rows - 1) * Math.log(unit),
  };
}
