import { type Matrix, gemm, matrix } from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import type { Features } from './feature-operator.ts';
import { gramOfRows } from './information.ts';
import { applyOperator } from './operator-product.ts';
import { rowOf } from './rows.ts';
import { type OperatorSolverState, type SolvedBy, informationSystem, prepareSystem } from './operator-system.ts';

/** Targets solved for: x̃ ≈ B⁻¹b̃ and ω ≈ Fᵀx̃. */
export interface DualPair {
  /** [k, N]. */
  readonly rows: Matrix;
  /** [k, p]. */
  readonly weights: Matrix;
  /** That of the two which the solver found, if it can start from one. */
  readonly unknowns?: Matrix;
}

/** The space in which the system is solved; both give the same quantities. */
export interface OperatorSpace {
  /** B⁻¹b̃ and FᵀB⁻¹b̃ for whitened rows b̃, [k, N], from `unknowns` of an earlier solve where they are given. */
  solveRows(whitened: Matrix, start?: Matrix): Promise<DualPair>;
  /** x̃ ≈ B⁻¹F j̃ for whitened test features j̃, [k, p] → [k, N]. */
  solveTest(testFeatures: Matrix): Promise<Matrix>;
}

/** Features, and those for products inside the solver where they differ, such as the same in float32. */
export interface SpaceFeatures {
  readonly features: Features;
  readonly solveFeatures: Features;
}

/** A space together with the systems it solves. */
export interface SolvedSpace extends OperatorSpace {
  /** What the solver's states offer beyond solving. */
  readonly states: readonly OperatorSolverState[];
  dispose(): void;
}

/** Solves with B = I + F Fᵀ, [N, N]: for few rows. */
export async function functionSpace({ features, solveFeatures }: SpaceFeatures, rules: SolvedBy): Promise<SolvedSpace> {
  const system = await informationSystem(solveFeatures, 'function', rules);
  return {
    states: [system.state],
    solveRows: async (whitened, start) => {
      const rows = await system.solve(whitened, 'fit', start && withMoreRows(start, whitened));
      return { rows, weights: await applyOperator(features.transpose, rows), unknowns: rows };
    },
    solveTest: async (testFeatures) => system.solve(await applyOperator(features.forward, testFeatures), 'variance'),
    dispose: () => system.dispose(),
  };
}

/** Solves with H = I + FᵀF, [p, p]: for few parameters. ω = H⁻¹Fᵀb̃, x̃ = b̃ − Fω. */
export async function parameterSpace(
  { features, solveFeatures }: SpaceFeatures,
  rules: SolvedBy,
): Promise<SolvedSpace> {
  const system = await informationSystem(solveFeatures, 'parameter', rules);
  return {
    states: [system.state],
    solveRows: async (whitened, start) => {
      const weights = await system.solve(await applyOperator(features.transpose, whitened), 'fit', start);
      return { rows: await residualRows(features, whitened, weights), weights, unknowns: weights };
    },
    solveTest: async (testFeatures) =>
      applyOperator(features.forward, finite(await system.solve(testFeatures, 'variance'))),
    dispose: () => system.dispose(),
  };
}

/**
 * Solves least squares with F and Fᵀ themselves, which never squares a condition number: ω minimises ‖b̃ − Fω‖² + ‖ω‖², x̃ minimises
 * ‖j̃ − Fᵀx̃‖² + ‖x̃‖², the variance itself.
 */
export async function leastSquaresSpace(
  { features, solveFeatures }: SpaceFeatures,
  rules: SolvedBy,
): Promise<SolvedSpace> {
  const fit = await prepareSystem(solveFeatures.forward, rules);
  const test = await prepareSystem(solveFeatures.transpose, rules);
  return {
    states: [fit.state, test.state],
    solveRows: async (whitened) => {
      const weights = await fit.solve(whitened, 'fit');
      return { rows: await residualRows(features, whitened, weights), weights };
    },
    solveTest: async (testFeatures) => test.solve(testFeatures, 'variance'),
    dispose: () => {
      fit.dispose();
      test.dispose();
    },
  };
}

/**
 * b̃ᵢᵀB⁻¹b̃ⱼ from ω: the Gram matrix of b̃ − Fω and ω, because b̃ᵀB⁻¹b̃ = min over ω of ‖b̃ − Fω‖² + ‖ω‖². Never too small, never indefinite,
 * with the square of the error of ω.
 *
 * Cost: one product with F.
 */
export async function gramFromWeights(features: Features, whitened: Matrix, weights: Matrix): Promise<Matrix> {
  const residual = await residualRows(features, whitened, weights);
  return gemm(weights, weights, { transposeB: true, addTo: gramOfRows(residual) });
}

// An earlier solution with 0 for the rows that it did not know: their residual is then what it did not foresee of them, and no other has any.
function withMoreRows(start: Matrix, whitened: Matrix): Matrix {
  if (start.columns > whitened.columns) {
    throw new ShapeError(
      `start: got ${start.columns} columns, expected ${whitened.columns} or fewer, the unknowns of a posterior in the same space whose rows are the first of these`,
    );
  }
  const padded = matrix(whitened.rows, whitened.columns);
  for (let i = 0; i < start.rows; i++) rowOf(padded, i).set(rowOf(start, i));
  return padded;
}

// b̃ − Fω
async function residualRows(features: Features, whitened: Matrix, weights: Matrix): Promise<Matrix> {
  const product = await applyOperator(features.forward, weights); // [k, N]
  for (let i = 0; i < product.data.length; i++) product.data[i] = whitened.data[i]! - product.data[i]!;
  return product;
}

// A failed column is NaN throughout; products of a block with it must not harm the others on any backend.
function finite(block: Matrix): Matrix {
  return matrix(
    block.rows,
    block.columns,
    block.data.map((value) => (Number.isFinite(value) ? value : 0)),
  );
}
