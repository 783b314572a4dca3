import { OptionError, type Backend } from '@ntk/tensor';
import { planCandidates, type Candidate, type PlanRequest } from './candidates.ts';
import { refusal } from './refusal.ts';
import type { Method, OutputsLayout } from './method.ts';
import type { LearnedRows, PlanProblem, Sizes } from './sizes.ts';

/** A method chosen for a problem, with what it is expected to take. */
export interface Plan {
  readonly backend: string;
  readonly sizes: Sizes;
  readonly layout: OutputsLayout;
  readonly learnsOn: LearnedRows;
  /** Bytes that the process may use at its peak. */
  readonly memory: number;
  readonly method: Method;
  /** Seconds that are expected, on the machine of the rate table. */
  readonly seconds: number;
  /** Bytes of the process that are expected at its peak. */
  readonly bytes: number;
  /** Everything that was considered. */
  readonly candidates: readonly Candidate[];
}

/**
 * Chooses how to compute a posterior: the method that is expected to take least time among those that fit in memory.
 *
 * It looks at sizes and a table of rates only, so that the same input gives the same plan.
 *
 * @throws {OptionError} if no method that the request allows fits: with the sizes, and what would make it fit
 * @throws {UnsupportedError} if the backend lacks the dtype
 */
export function choosePlan(
  problem: PlanProblem,
  request: PlanRequest,
  backend: Pick<Backend, 'name' | 'supports'>,
): Plan {
  const candidates = planCandidates(problem, request, backend);
  const chosen = candidates.find(({ verdict }) => verdict === 'chosen');
  if (chosen === undefined) throw new OptionError(refusal(problem, request, backend));
  const { n, c, p, m } = problem;
  return {
    backend: backend.name,
    sizes: { n, c, p, m },
    layout: request.layout,
    learnsOn: problem.learnsOn,
    memory: request.memory,
    method: chosen.method,
    seconds: chosen.seconds,
    bytes: chosen.bytes,
    candidates,
  };
}
