import { cg, jacobi, lsmr, nystrom, pivotedCholesky, type Preconditioner } from '@ntk/cg';
import type { OperatorSolver } from '@ntk/gp';
import { kernelDiagonal } from '@ntk/jacobian';
import type { LinearOperator } from '@ntk/linop';
import { Rng, type DType } from '@ntk/tensor';
import type { FitProblem } from './fit-problem.ts';
import type { Variances } from './hyperparameters.ts';

/** Relative residuals that count as converged where nothing is said. */
const RTOL = { float64: 1e-6, float32: 1e-4 } as const;

/** What an iterative solver works with. */
export interface SolverOperands {
  /** Of the operator whose products judge the solution. */
  readonly dtype: DType;
  /** The same operator stored, for products inside the solver; borrowed for its life. */
  readonly products?: LinearOperator;
}

/**
 * The iterative solver of a plan, for I + F Fᵀ, I + FᵀF, or least squares with F.
 *
 * Cost: the kernel's diagonal, where the preconditioner needs it.
 */
export async function iterativeSolver(
  problem: FitProblem,
  variances: Variances,
  { dtype, products }: SolverOperands,
): Promise<OperatorSolver> {
  const { plan, options } = problem;
  const rtol = options.rtol ?? RTOL[dtype];
  if (plan.method.solver === 'lsmr') return lsmr({ damping: 1, rtol });
  const preconditioner = await preconditionerOf(problem, variances);
  return cg({
    rtol,
    ...(products === undefined ? {} : { products }),
    ...(preconditioner === undefined ? {} : { preconditioner: from(preconditioner, products) }),
  });
}

/** A preconditioner made from the stored operator, whose products are cheaper. */
function from(preconditioner: Preconditioner, products: LinearOperator | undefined): Preconditioner {
  if (products === undefined) return preconditioner;
  return { init: (_, placement) => preconditioner.init(products, placement) };
}

// The noise of the whitened system is the identity.
async function preconditionerOf(problem: FitProblem, variances: Variances): Promise<Preconditioner | undefined> {
  const { kind, rank } = problem.plan.method.preconditioner;
  switch (kind) {
    case 'none':
      return undefined;
    case 'nystrom':
      return nystrom({ rank, noiseVariance: 1, rng: new Rng('preconditioner') });
    case 'pivoted-cholesky':
      return pivotedCholesky({ rank, noiseVariance: 1, diagonal: await informationDiagonal(problem, variances) });
    case 'jacobi':
      if (problem.plan.method.space === 'parameter') return jacobi();
      return jacobi({ diagonal: await informationDiagonal(problem, variances) });
  }
}

/** 1 + s² k_ii / σ_i² */
async function informationDiagonal(
  { linearization }: FitProblem,
  { hyperparameters, noise }: Variances,
): Promise<Float64Array> {
  const { priorVariance } = hyperparameters;
  const diagonal = await kernelDiagonal(linearization);
  return diagonal.map((value, i) => 1 + (priorVariance * value) / (typeof noise === 'number' ? noise : noise[i]!));
}
