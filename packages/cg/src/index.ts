export { type CgOptions, type CgSolution, type CgSolver, type CgState, type CgStats, cg } from './cg/cg.ts';
export type { CgProgress } from './cg/conjugate-gradients.ts';
export type { SetupFailure } from './cg/setup.ts';
export { type JacobiOptions, jacobi } from './preconditioners/jacobi.ts';
export { type NystromOptions, nystrom } from './preconditioners/nystrom.ts';
export { type PivotedCholeskyOptions, pivotedCholesky } from './preconditioners/pivoted-cholesky.ts';
export {
  type RandomlyPivotedCholeskyOptions,
  randomlyPivotedCholesky,
} from './preconditioners/randomly-pivoted-cholesky.ts';
export type { Preconditioner, Preconditioning } from './preconditioners/preconditioner.ts';
export {
  type MultiShiftCgOptions,
  type MultiShiftCgSolver,
  type MultiShiftState,
  multiShiftCg,
} from './shifted/multi-shift-cg.ts';
