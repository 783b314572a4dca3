import { join } from 'node:path';
import { cg, lsmr } from '@ntk/cg';
import {
  functionSpacePosterior,
  jacobianEvidence,
  operatorPosterior,
  parameterSpacePosterior,
  tridiagonalEvidence,
  type Conditioning,
  type EvidenceFunction,
  type MeanQuery,
  type Noise,
  type OperatorOptions,
  type OperatorSolver,
  type Posterior,
  type PriorMean,
} from '@ntk/gp';
import { explicitJacobian, kernelMatrix, linearize, type Linearization } from '@ntk/jacobian';
import { gemm, matrix, stackOperator, type Matrix } from '@ntk/linop';
import { readLayersModel } from '@ntk/models';
import type { Reference } from '@ntk/reference';
import type { Backend, DType } from '@ntk/tensor';

/** A prior mean of the golden values: zero, or the network's outputs. */
export type Mean = 'zero' | 'network';

/** Variances and the prior mean of one golden regression. */
export interface GoldenProblem {
  readonly priorVariance: number;
  readonly noise: Noise;
  readonly mean: Mean;
  /** Condition number κ of Ky with one noise variance, for solvers that bound no residual of it. */
  readonly condition: number;
}

/** A posterior together with what it predicts at X*. */
export interface GoldenPosterior {
  readonly posterior: Pick<
    Posterior<never>,
    'logMarginalLikelihood' | 'evidenceGradient' | 'leaveOneOut' | 'leaveOneExampleOut' | typeof Symbol.dispose
  > & { readonly conditioning: Pick<Conditioning<never>, 'rows' | 'logDeterminant' | 'traceInverse'> };
  mean(): Promise<Float64Array>;
  variance(): Promise<Float64Array>;
  covariance(): Promise<Matrix>;
}

/** One way from the linearised network to the posterior. */
export interface GoldenSpace {
  /** Outputs of the network. */
  readonly c: number;
  /** The posterior on X. */
  fit(problem: GoldenProblem): Promise<GoldenPosterior>;
  /** The posterior on X and Xextra, with one noise variance for all rows: by an update where the space has one. */
  fitAll(problem: GoldenProblem & { readonly noise: number }): Promise<GoldenPosterior>;
  /** The evidence of all variances. */
  evidence?(mean: Mean): Promise<EvidenceFunction>;
  dispose(): void;
}

/**
 * The ways: function space from the network's own kernel, from that with its products in float64 whatever the factors are, or from that of a stored Jacobian;
 * parameter space, and two by products.
 */
export type SpaceName = 'function' | 'float64 function' | 'jacobian' | 'parameter' | 'cg' | 'lsmr';

/** Relative tolerance of the solvers. */
export const RTOL = 1e-10;

/** What the products of a network run on. */
export interface GoldenPlacement {
  readonly backend: Backend;
  readonly dtype: DType;
}

/** Linearises a golden network on one backend in one dtype, and conditions on its data in the chosen way. */
export async function openSpace(
  reference: Reference,
  name: SpaceName,
  placement: GoldenPlacement,
): Promise<GoldenSpace> {
  const network = await readLayersModel(join(reference.folder, 'model'));
  const at = (key: string): Promise<Linearization> => linearize(network, reference.array(key).data, placement);
  const [train, extra, star] = await Promise.all([at('X'), at('Xextra'), at('Xstar')]);
  const linearized: Linearized = { reference, train, extra, star };
  const dispose = (): void => [train, extra, star].forEach((each) => each.dispose());
  return {
    c: train.c,
    ...(await SPACES[name](linearized, await Promise.all([train, extra, star].map(outputsOf)))),
    dispose,
  };
}

interface Linearized {
  readonly reference: Reference;
  readonly train: Linearization;
  readonly extra: Linearization;
  readonly star: Linearization;
}

/** Outputs at X, Xextra and Xstar. */
type Outputs = readonly Float64Array[];

type Opened = Pick<GoldenSpace, 'fit' | 'fitAll' | 'evidence'>;

const SPACES: Record<SpaceName, (linearized: Linearized, outputs: Outputs) => Promise<Opened>> = {
  function: (linearized, outputs) => functionSpace(linearized, outputs, kernelMatrix),
  'float64 function': (linearized, outputs) => functionSpace(linearized, outputs, kernelOfFloat64Products),
  jacobian: (linearized, outputs) => functionSpace(linearized, outputs, storedKernel),
  parameter: parameterSpace,
  cg: (linearized, outputs) => bySolver(linearized, outputs, () => cg({ rtol: RTOL }), {}),
  lsmr: (linearized, outputs) => bySolver(linearized, outputs, leastSquares, { space: 'least-squares' }),
};

/**
 * LSMR to RTOL of its solution. What it bounds is the gradient g, relative to ‖F̄‖ ‖r̄‖ with F̄ = (F, I); the error H⁻¹g of the solution is at most ‖g‖,
 * since no eigenvalue of H = I + FᵀF is below 1, and ‖F̄‖ = √κ.
 */
function leastSquares(condition: number): OperatorSolver {
  return lsmr({ rtol: RTOL / Math.sqrt(condition), damping: 1 });
}

type Kernel = (rows: Linearization, columns?: Linearization) => Promise<Matrix>;

function kernelOfFloat64Products(rows: Linearization, columns: Linearization = rows): Promise<Matrix> {
  return kernelMatrix(rows, columns, { productDtype: 'float64' });
}

/** J(X) J(X')ᵀ summed in float64, whatever the Jacobian was computed in. */
async function storedKernel(rows: Linearization, columns: Linearization = rows): Promise<Matrix> {
  return gemm(await explicitJacobian(rows), await explicitJacobian(columns), { transposeB: true });
}

async function functionSpace(
  { reference, train, extra, star }: Linearized,
  outputs: Outputs,
  kernel: Kernel,
): Promise<Opened> {
  const [fTrain, fExtra, fStar] = outputs as [Float64Array, Float64Array, Float64Array];
  const yTrain = reference.array('Y').data;
  const kTrainTrain = await kernel(train);
  const kTestTrain = await kernel(star, train);
  const kTestTest = await kernel(star);
  const prior = priorAt(fStar);
  return {
    fit: async ({ mean, ...variances }) =>
      bind(await functionSpacePosterior({ kTrainTrain, yTrain, ...variances, ...fixed(mean, fTrain) }), {
        kTestTrain,
        kTestTest,
        ...prior(mean),
      }),
    fitAll: async ({ mean, ...variances }) => {
      using before = await functionSpacePosterior({ kTrainTrain, yTrain, ...variances, ...fixed(mean, fTrain) });
      const after = await before.append({
        kNewTrain: await kernel(extra, train),
        kNewNew: await kernel(extra),
        yNew: reference.array('Yextra').data,
        noise: variances.noise,
        ...(mean === 'network' && { priorMean: fExtra }),
      });
      const kTestAll = sideBySide(kTestTrain, await kernel(star, extra));
      return bind(after, { kTestTrain: kTestAll, kTestTest, ...prior(mean) });
    },
    evidence: (mean) => tridiagonalEvidence({ kTrainTrain, yTrain, ...fixed(mean, fTrain) }),
  };
}

async function parameterSpace({ reference, train, extra, star }: Linearized, outputs: Outputs): Promise<Opened> {
  const [fTrain, fExtra, fStar] = outputs as [Float64Array, Float64Array, Float64Array];
  const yTrain = reference.array('Y').data;
  const [jTrain, jExtra, jTest] = await Promise.all([train, extra, star].map((each) => explicitJacobian(each)));
  const prior = priorAt(fStar);
  return {
    fit: async ({ mean, ...variances }) => {
      const posterior = await parameterSpacePosterior({
        jTrain: jTrain!,
        yTrain,
        ...variances,
        ...fixed(mean, fTrain),
      });
      return bind(posterior, { jTest: jTest!, ...prior(mean) });
    },
    fitAll: async ({ mean, ...variances }) => {
      const all = {
        jTrain: matrix(jTrain!.rows + jExtra!.rows, jTrain!.columns, joined(jTrain!.data, jExtra!.data)),
        yTrain: joined(yTrain, reference.array('Yextra').data),
      };
      const posterior = await parameterSpacePosterior({ ...all, ...variances, ...fixed(mean, joined(fTrain, fExtra)) });
      return bind(posterior, { jTest: jTest!, ...prior(mean) });
    },
    evidence: (mean) => jacobianEvidence({ jTrain: jTrain!, yTrain, ...fixed(mean, fTrain) }),
  };
}

async function bySolver(
  { reference, train, extra, star }: Linearized,
  outputs: Outputs,
  solverFor: (condition: number) => OperatorSolver,
  options: OperatorOptions,
): Promise<Opened> {
  const [fTrain, fExtra, fStar] = outputs as [Float64Array, Float64Array, Float64Array];
  const yTrain = reference.array('Y').data;
  const prior = priorAt(fStar);
  const query = (mean: Mean): { jTest: typeof star.jacobian } => ({ jTest: star.jacobian, ...prior(mean) });
  return {
    fit: async ({ mean, condition, ...variances }) => {
      const problem = { jTrain: train.jacobian, yTrain, ...variances, ...fixed(mean, fTrain) };
      return bind(await operatorPosterior(problem, solverFor(condition), options), query(mean));
    },
    fitAll: async ({ mean, condition, ...variances }) => {
      const problem = {
        jTrain: stackOperator([train.jacobian, extra.jacobian]),
        yTrain: joined(yTrain, reference.array('Yextra').data),
      };
      const priorMean = fixed(mean, joined(fTrain, fExtra));
      return bind(
        await operatorPosterior({ ...problem, ...variances, ...priorMean }, solverFor(condition), options),
        query(mean),
      );
    },
  };
}

function bind<Query extends MeanQuery>(posterior: Posterior<Query>, query: Query): GoldenPosterior {
  return {
    posterior,
    mean: () => posterior.mean(query),
    variance: () => posterior.variance(query),
    covariance: () => posterior.covariance(query),
  };
}

function fixed(mean: Mean, values: Float64Array): { readonly priorMean?: PriorMean } {
  return mean === 'zero' ? {} : { priorMean: { kind: 'fixed', values } };
}

function priorAt(values: Float64Array): (mean: Mean) => MeanQuery {
  return (mean) => (mean === 'zero' ? {} : { priorMean: values });
}

async function outputsOf({ backend, outputs }: Linearization): Promise<Float64Array> {
  return Float64Array.from(await backend.read(outputs));
}

function joined(first: Float64Array, second: Float64Array): Float64Array {
  const all = new Float64Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

function sideBySide(left: Matrix, right: Matrix): Matrix {
  const all = matrix(left.rows, left.columns + right.columns);
  for (let row = 0; row < left.rows; row++) {
    all.data.set(left.data.subarray(row * left.columns, (row + 1) * left.columns), row * all.columns);
    all.data.set(right.data.subarray(row * right.columns, (row + 1) * right.columns), row * all.columns + left.columns);
  }
  return all;
}
