export { type ApplyQOptions, applyQ } from './dense/apply-q.ts';
export {
  type Cholesky,
  type CholeskyFailure,
  type CholeskyOptions,
  type JitterPolicy,
  cholesky,
  tryCholesky,
  tryCholeskyOn,
} from './dense/cholesky.ts';
export { choleskyAppend } from './dense/cholesky-append.ts';
export { choleskyRemove } from './dense/cholesky-remove.ts';
export { choleskyDowndate, choleskyUpdate } from './dense/cholesky-update.ts';
export { type Eigh, eigenvaluesOf, eigh } from './dense/eigh.ts';
export { type GemmOptions, type SyrkOptions, gemm, syrk } from './dense/gemm.ts';
export { choleskyInverse, choleskyInverseDiagonal, choleskyLogDeterminant, invertLower } from './dense/inverse.ts';
export { invertLowerOn } from './dense/invert-lower-on.ts';
export { type Matrix, copyMatrix, identityMatrix, matrix, mirrorLower, transposeMatrix } from './dense/matrix.ts';
export { solveLowerOn, solveLowerTransposedOn } from './dense/solve-lower-on.ts';
export { type TriangularOptions, choleskySolve, solveLower, solveLowerTransposed } from './dense/triangular.ts';
export { type Tridiagonal, type TridiagonalFactor, factorTridiagonal, solveTridiagonal } from './dense/tridiagonal.ts';
export { type TridiagonalQuadrature, tridiagonalQuadrature } from './dense/tridiagonal-quadrature.ts';
export { type Tridiagonalization, type TridiagonalizeOptions, tridiagonalize } from './dense/tridiagonalize.ts';
export { NumericalError, TagError } from './errors.ts';
export { checkCompatible, checkVectors, hasTag, requireTag } from './checks.ts';
export type { IsEnough, KrylovReduction, KrylovSpace } from './krylov-reduction.ts';
export type { LogDeterminant } from './log-determinant.ts';
export type { LowRankRoot } from './low-rank-root.ts';
export type { LinearOperator, Tag } from './operator.ts';
export { type Placement, type TagOptions, denseOperator, matrixOperator } from './operators/dense.ts';
export { BlockPrograms } from './operators/block-programs.ts';
export { type OperatorDefinition, defineOperator } from './operators/define.ts';
export { diagonalOperator } from './operators/diagonal.ts';
export { diagonal, toMatrix } from './operators/probe.ts';
export { productOperator } from './operators/product.ts';
export { scaledOperator } from './operators/scaled.ts';
export { stackOperator } from './operators/stack.ts';
export { sumOperator } from './operators/sum.ts';
export { relativeResiduals } from './residual.ts';
export {
  type ComputeOptions,
  type LinearSolver,
  type Solution,
  SolveError,
  type SolveOptions,
  type SolveStats,
  type SolveStatus,
  type SolverState,
  solve,
} from './solver.ts';
export type { ShiftedSolver } from './shifted-solver.ts';
export { type CholeskySolverOptions, type CholeskyState, choleskySolver } from './solvers/cholesky.ts';
