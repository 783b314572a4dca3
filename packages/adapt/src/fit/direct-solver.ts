import { choleskySolver, type CholeskyState, type LinearSolver } from '@ntk/linop';
import type { Backend } from '@ntk/tensor';

/** A Cholesky factor, by products of the backend where it has float64. */
export function directSolver(backend: Backend): LinearSolver<CholeskyState> {
  return choleskySolver(backend.supports.float64 ? { backend } : {});
}
