import type { DType } from '@ntk/tensor';

/** Where the linear algebra happens: over the N = n·c training rows, or over the p parameters. The results are equal. */
export type Space = 'function' | 'parameter';

/** A Cholesky factor is exact; conjugate gradients and LSMR stop at a tolerance, and their variances err upwards only. */
export type Solver = 'cholesky' | 'cg' | 'lsmr';

/** What is kept of the kernel: K = J Jᵀ [N, N], J [N, p], JᵀΣ⁻¹J + S⁻¹ [p, p], or nothing, so that every product runs through the network's linear maps. */
export type Held = 'kernel' | 'jacobian' | 'information' | 'nothing';

/** What conjugate gradients are preconditioned with. */
export type PreconditionerKind = 'none' | 'jacobi' | 'pivoted-cholesky' | 'nystrom';

/** A preconditioner and its rank, 0 where it has none. */
export interface PreconditionerChoice {
  readonly kind: PreconditionerKind;
  readonly rank: number;
}

/**
 * What is kept of the covariance between outputs. `full`: all of it. `independent`: none, each output has a kernel of its own. `shared`: none, and
 * all outputs have the same kernel, the average of theirs.
 */
export type OutputsLayout = 'full' | 'independent' | 'shared';

/** A way to compute a posterior. */
export interface Method {
  readonly space: Space;
  readonly solver: Solver;
  readonly holds: Held;
  readonly preconditioner: PreconditionerChoice;
  /** Of the products with J; all other algebra is float64. */
  readonly dtype: DType;
  /** Of the products and sums that a kernel is put together from: with float64 it is that of the Jacobian as it was computed in `dtype`, to the last digits. */
  readonly productDtype: DType;
}

/** What is held with which solver, in each space; a method that is not here does not exist. */
export const FORMS: readonly Pick<Method, 'space' | 'solver' | 'holds'>[] = [
  { space: 'function', solver: 'cholesky', holds: 'kernel' },
  { space: 'function', solver: 'cg', holds: 'kernel' },
  { space: 'function', solver: 'cg', holds: 'jacobian' },
  { space: 'function', solver: 'cg', holds: 'nothing' },
  { space: 'parameter', solver: 'cholesky', holds: 'jacobian' },
  { space: 'parameter', solver: 'cholesky', holds: 'information' },
  { space: 'parameter', solver: 'cg', holds: 'jacobian' },
  { space: 'parameter', solver: 'cg', holds: 'nothing' },
  { space: 'parameter', solver: 'lsmr', holds: 'jacobian' },
  { space: 'parameter', solver: 'lsmr', holds: 'nothing' },
];

const HELD_NAMES: Readonly<Record<Held, string>> = {
  kernel: 'kernel matrix',
  jacobian: 'stored Jacobian',
  information: 'information matrix',
  nothing: 'products alone',
};

const SOLVER_NAMES: Readonly<Record<Solver, string>> = {
  cholesky: 'Cholesky',
  cg: 'conjugate gradients',
  lsmr: 'LSMR',
};

/** A method in words: "function space, kernel matrix, Cholesky, float64". */
export function describeMethod({ space, solver, holds, preconditioner, dtype, productDtype }: Method): string {
  const { kind, rank } = preconditioner;
  const helped = kind === 'none' ? '' : ` with ${kind}${rank === 0 ? '' : ` of rank ${rank}`}`;
  const summed = productDtype === dtype ? '' : ` with kernel products in ${productDtype}`;
  return `${space} space, ${HELD_NAMES[holds]}, ${SOLVER_NAMES[solver]}${helped}, ${dtype}${summed}`;
}
