import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import { type Features, whitenedFeatures } from './feature-operator.ts';
import { applyOperator } from './operator-product.ts';
import { noisePrecisionRoot } from './precision-root.ts';
import { priorScales, scaleColumns } from './prior-scale.ts';
import { type TestJacobian, jacobianRows, testRows } from './test-jacobian.ts';
import { varianceRoot, variancesOf } from './variance-root.ts';

/** A linear model with Gaussian noise, by the products of its Jacobian. */
export interface LinearModel {
  /** J(X), [N, p]; in float64 where the bound must hold to float64 rounding. */
  readonly jTrain: LinearOperator;
  /** S: s² for all parameters, or one prior variance a parameter [p]; 1 by default. */
  readonly priorVariance?: number | Float64Array;
  /** Σ: σ² for all rows, or one a row [N]; positive, in squared units of y. */
  readonly noiseVariance: number | Float64Array;
}

/**
 * Variances of the noise-free function that err upwards only, whatever the solver did: v = uᵀSu + xᵀΣx with u = j* − Jᵀx.
 *
 * For any x, v = exact variance + ‖x − A⁻¹k*‖²_A, A = J S Jᵀ + Σ: never negative, never too small, with the square of the solver's
 * error. An x that is worse than 0, or not finite, gives the prior variance k**.
 *
 * @param model - borrowed
 * @param jTest - J(X*), [k, p]; borrowed
 * @param x - approximate solutions of A x = k* = J S j*, one a row, [k, N]; borrowed
 * @returns [k]; too small at most by the rounding of Jᵀx
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a variance makes no sense
 * @throws {NumericalError} if the Jacobian of the test rows is not finite
 *
 * Cost: one product of Jᵀ with k columns; k·(N + 2p) numbers of memory: call it block by block. Source: completing the square in
 * k** − 2k*ᵀx + xᵀAx.
 */
export async function conservativeVariance(model: LinearModel, jTest: TestJacobian, x: Matrix): Promise<Float64Array> {
  const { priorScale, noiseScale, features } = whitened(model);
  using owned = features;
  checkBlock(x, testRows(jTest, priorScale.length), noiseScale.length, 'x');
  return await bound(owned, priorScale, jTest, scaleColumns(x, noiseScale));
}

/**
 * The same bound from approximate solutions in parameter space, H z = j* with H = JᵀΣ⁻¹J + S⁻¹.
 *
 * 2zᵀj* − zᵀHz is a lower bound of the variance. The upper one, 2zᵀj* − zᵀHz + ‖j* − Hz‖²_S, is that of `conservativeVariance` at
 * x = Σ⁻¹Jz, which needs no S⁻¹ and is a sum of squares.
 *
 * @param model - borrowed
 * @param jTest - J(X*), [k, p]; borrowed
 * @param z - approximate solutions, one a row, [k, p]; borrowed
 * @returns [k]; too small at most by the rounding of products
 * @throws as conservativeVariance
 *
 * Cost: one product of J and one of Jᵀ with k columns.
 */
export async function conservativeVarianceFromWeights(
  model: LinearModel,
  jTest: TestJacobian,
  z: Matrix,
): Promise<Float64Array> {
  const { priorScale, noiseScale, features } = whitened(model);
  using owned = features;
  checkBlock(z, testRows(jTest, priorScale.length), priorScale.length, 'z');
  const x = await applyOperator(model.jTrain, finiteRows(z)); // J z, [k, N]
  return await bound(
    owned,
    priorScale,
    jTest,
    scaleColumns(
      x,
      noiseScale.map((scale) => 1 / scale),
    ),
  );
}

interface Whitened {
  /** S^{1/2}, [p]. */
  readonly priorScale: Float64Array;
  /** Σ^{1/2}, [N]. */
  readonly noiseScale: Float64Array;
  readonly features: Features;
}

function whitened({ jTrain, priorVariance = 1, noiseVariance }: LinearModel): Whitened {
  const [rows, p] = jTrain.shape;
  const root = noisePrecisionRoot(noiseVariance, rows);
  const priorScale = priorScales(priorVariance, p);
  return {
    priorScale,
    noiseScale: root.blocks.map((scale) => 1 / scale),
    features: whitenedFeatures(jTrain, priorScale, root),
  };
}

async function bound(
  { transpose }: Features,
  priorScale: Float64Array,
  jTest: TestJacobian,
  solution: Matrix,
): Promise<Float64Array> {
  const testFeatures = scaleColumns(await jacobianRows(jTest, 0, solution.rows), priorScale);
  return variancesOf(await varianceRoot(transpose, testFeatures, solution));
}

function checkBlock(x: Matrix, rows: number, columns: number, name: string): void {
  if (x.rows === rows && x.columns === columns) return;
  throw new ShapeError(
    `conservativeVariance: got ${name} of ${x.rows} × ${x.columns}, expected ${rows} × ${columns}, one solution for each test row`,
  );
}

// A row that is not finite would spoil nothing but itself, yet a backend may refuse it.
function finiteRows(z: Matrix): Matrix {
  const rows = matrix(z.rows, z.columns, z.data.slice());
  for (let k = 0; k < rows.rows; k++) {
    const row = rows.data.subarray(k * z.columns, (k + 1) * z.columns);
    if (!row.every(Number.isFinite)) row.fill(0);
  }
  return rows;
}
