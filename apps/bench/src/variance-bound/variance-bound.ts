import { cg } from '@ntk/cg';
import { conditionOperator, functionSpacePosterior, noisePrecisionRoot } from '@ntk/gp';
import { explicitJacobian, linearize } from '@ntk/jacobian';
import { type Matrix, gemm, matrix, matrixOperator, solve } from '@ntk/linop';
import { denseNetwork } from '@ntk/models';
import { type DType, Rng, asDType, cpuBackend } from '@ntk/tensor';

/** One curve: how far variances of the test rows are from the exact ones after some steps of CG, as shares of k**. */
export interface BoundCurve {
  readonly name: string;
  readonly dtype: DType;
  readonly steps: readonly number[];
  /** Largest excess of the variance over the exact variance. */
  readonly excess: readonly number[];
  /** Largest shortfall below the exact variance. */
  readonly shortfall: readonly number[];
}

const STEPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64];
const [N, M] = [60, 40];
/** Noise variance as a share of the mean diagonal of the kernel. */
const NOISE = 1e-4;
// Never reached: the steps decide.
const RTOL = 1e-16;

type Space = 'function' | 'parameter';

/**
 * Stops CG early on an MLP 1-40-40-1 at random weights and compares variances with exact ones, in both spaces and both dtypes.
 *
 * @param steps - increasing
 *
 * The products are those of a stored Jacobian on the CPU reference backend.
 */
export async function varianceBoundCurves(steps: readonly number[] = STEPS, seed = 1): Promise<BoundCurve[]> {
  const problem = await makeProblem(seed);
  const curves: BoundCurve[] = [];
  for (const space of ['function', 'parameter'] as const) {
    for (const dtype of ['float64', 'float32'] as const) curves.push(await curveOf(problem, space, { dtype, steps }));
  }
  return [...curves, await usualCurve(problem, steps)];
}

interface Problem {
  readonly jTrain: Matrix;
  readonly jTest: Matrix;
  readonly noiseVariance: number;
  readonly kTrainTrain: Matrix;
  readonly kTestTrain: Matrix;
  readonly prior: Float64Array;
  readonly exact: Float64Array;
}

async function makeProblem(seed: number): Promise<Problem> {
  const rng = new Rng(seed);
  const network = denseNetwork({ inputs: 1, hidden: [40, 40], outputs: 1, rng: rng.fork('weights') });
  const jacobianAt = async (count: number): Promise<Matrix> => {
    const x = Float64Array.from({ length: count }, () => 6 * rng.uniform() - 3);
    using linearization = await linearize(network, x, { backend: cpuBackend() });
    return await explicitJacobian(linearization);
  };
  const [jTrain, jTest] = [await jacobianAt(N), await jacobianAt(M)];
  const [kTrainTrain, kTestTrain, kTestTest] = [kernel(jTrain, jTrain), kernel(jTest, jTrain), kernel(jTest, jTest)];
  const noiseVariance = (NOISE * diagonalOf(kTrainTrain).reduce((sum, value) => sum + value, 0)) / N;
  using posterior = await functionSpacePosterior({ kTrainTrain, noise: noiseVariance, yTrain: new Float64Array(N) });
  const exact = await posterior.variance({ kTestTrain, kTestTest });
  return { jTrain, jTest, noiseVariance, kTrainTrain, kTestTrain, prior: diagonalOf(kTestTest), exact };
}

async function curveOf(
  problem: Problem,
  space: Space,
  { dtype, steps }: { readonly dtype: DType; readonly steps: readonly number[] },
): Promise<BoundCurve> {
  const { jTrain, jTest, noiseVariance, prior, exact } = problem;
  using j = matrixOperator(jTrain, { backend: cpuBackend(), dtype });
  const precisionRoot = noisePrecisionRoot(noiseVariance, N);
  const excess: number[] = [];
  const shortfall: number[] = [];
  for (const maxSteps of steps) {
    using conditioning = await conditionOperator({ jTrain: j, precisionRoot }, cg({ maxSteps, rtol: RTOL }), { space });
    const bound = await conditioning.variance({ jTest });
    excess.push(worst(bound, exact, prior));
    shortfall.push(worst(exact, bound, prior));
  }
  return { name: `${space} space, ${dtype} products`, dtype, steps, excess, shortfall };
}

/** k** − k*ᵀx with x from CG on the kernel matrix: the formula in use elsewhere. */
async function usualCurve(
  { kTrainTrain, noiseVariance, kTestTrain, prior, exact }: Problem,
  steps: readonly number[],
): Promise<BoundCurve> {
  const dtype = 'float32';
  const a = matrix(N, N, kTrainTrain.data.slice());
  for (let i = 0; i < N; i++) a.data[i * N + i]! += noiseVariance;
  const backend = cpuBackend();
  using operator = matrixOperator(a, { backend, dtype, tags: ['positive-definite'] });
  using right = backend.upload(asDType(kTestTrain.data, dtype), [M, N]);
  const excess: number[] = [];
  const shortfall: number[] = [];
  for (const maxSteps of steps) {
    const solution = await solve(operator, right, cg({ maxSteps, rtol: RTOL }), { throwOnFailure: false });
    using value = solution.value;
    const x = await backend.read(value);
    const usual = prior.map((variance, i) => {
      let explained = 0;
      for (let k = 0; k < N; k++) explained += Math.fround(kTestTrain.data[i * N + k]!) * x[i * N + k]!;
      return variance - explained;
    });
    excess.push(worst(usual, exact, prior));
    shortfall.push(worst(exact, usual, prior));
  }
  return { name: 'k** − k*ᵀx, float32 products', dtype, steps, excess, shortfall };
}

/** max (a − b)/scale, at least 0. */
function worst(a: Float64Array, b: Float64Array, scale: Float64Array): number {
  return a.reduce((most, value, i) => Math.max(most, (value - b[i]!) / scale[i]!), 0);
}

function kernel(a: Matrix, b: Matrix): Matrix {
  return gemm(a, b, { transposeB: true });
}

function diagonalOf(a: Matrix): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, i) => a.data[i * a.columns + i]!);
}
