export { type Cholesky, type CholeskyFailure, type CholeskyOptions, type JitterPolicy, cholesky, tryCholesky } from './dense/cholesky.ts';
export { type GemmOptions, type SyrkOptions, gemm, syrk } from './dense/gemm.ts';
export { type Matrix, copyMatrix, identityMatrix, matrix } from './dense/matrix.ts';
export { type TriangularOptions, solveLower, solveLowerTransposed } from './dense/triangular.ts';
export { NumericalError, TagError } from './errors.ts';
