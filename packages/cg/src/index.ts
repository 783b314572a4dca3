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
export type { Estimate } from './estimates/estimate.ts';
export { type TraceOptions, hutchPlusPlus } from './estimates/hutch-plus-plus.ts';
export {
  type StochasticLanczosEstimate,
  type StochasticLanczosOptions,
  type StochasticLogDeterminantOptions,
  stochasticLanczosTrace,
  stochasticLogDeterminant,
} from './estimates/stochastic-lanczos.ts';
export { studentQuantile } from './estimates/student-quantile.ts';
export { type DiagonalEstimate, xdiag } from './estimates/xdiag.ts';
export { xtrace } from './estimates/xtrace.ts';
export { type LanczosOptions, lanczos } from './lanczos/lanczos.ts';
export { type LanczosRootOptions, lanczosRoot } from './lanczos/lanczos-root.ts';
export { type LanczosReductionOptions, lanczosReduction } from './lanczos/lanczos-reduction.ts';
export {
  type LsmrOptions,
  type LsmrSolution,
  type LsmrSolver,
  type LsmrState,
  type LsmrStats,
  lsmr,
} from './lsmr/lsmr.ts';
