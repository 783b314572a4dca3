export { type CgOptions, type CgSolution, type CgSolver, type CgState, type CgStats, cg } from './cg/cg.ts';
export type { CgProgress } from './cg/conjugate-gradients.ts';
export type { SetupFailure } from './cg/setup.ts';
export { type JacobiOptions, jacobi } from './preconditioners/jacobi.ts';
export type { Preconditioner, Preconditioning } from './preconditioners/preconditioner.ts';
