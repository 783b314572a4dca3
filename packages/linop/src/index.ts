export { type ApplyQOptions, applyQ } from './dense/apply-q.ts';
export {
  type Cholesky,
  type CholeskyFailure,
  type CholeskyOptions,
  type JitterPolicy,
  cholesky,
  tryCholesky,
} from './dense/cholesky.ts';
export { type Eigh, eigenvaluesOf, eigh } from './dense/eigh.ts';
export { type GemmOptions, type SyrkOptions, gemm, syrk } from './dense/gemm.ts';
export { choleskyInverse, choleskyInverseDiagonal, choleskyLogDeterminant, invertLower } from './dense/inverse.ts';
export { type Matrix, copyMatrix, identityMatrix, matrix } from './dense/matrix.ts';
export { type TriangularOptions, choleskySolve, solveLower, solveLowerTransposed } from './dense/triangular.ts';
export { type Tridiagonal, type TridiagonalFactor, factorTridiagonal, solveTridiagonal } from './dense/tridiagonal.ts';
export { type Tridiagonalization, type TridiagonalizeOptions, tridiagonalize } from './dense/tridiagonalize.ts';
export { NumericalError, TagError } from './errors.ts';
export { type LinearOperator, type Tag } from './operator.ts';
