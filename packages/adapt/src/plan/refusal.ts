import { formatBytes } from '@ntk/tensor';
import type { Candidate, PlanRequest } from './candidates.ts';
import { describeMethod } from './method.ts';
import { describeSizes, type PlanProblem } from './sizes.ts';

/** Why nothing fits, and what would make it fit. */
export function refusal(problem: PlanProblem, request: PlanRequest, candidates: readonly Candidate[]): string {
  if (candidates.length === 0) {
    const { space, solver, layout, solverBackend } = request;
    const isPrecise = solverBackend === undefined || solverBackend.supports.float64;
    const reason = isPrecise ? '' : `; the solver backend ${solverBackend.name} has no float64, which Cholesky needs`;
    return `plan: got space ${space}, solver ${solver} and outputs ${layout}, for which there is no method; outputs independent and shared need function space and Cholesky, LSMR parameter space${reason}`;
  }
  const least = candidates.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  const remedies = [
    `a memory limit of ${formatBytes(Math.ceil(least.bytes / 2 ** 26) * 2 ** 26, 'up')}`,
    ...(request.space === 'auto' && request.solver === 'auto' ? [] : ['space auto and solver auto']),
    ...(request.layout === 'full' ? [] : ['outputs full']),
    'fewer layers (last, or top:K)',
    'fewer rows',
  ];
  return `plan: ${describeSizes(problem)} do not fit in ${formatBytes(request.memory)}: the smallest method (${describeMethod(least.method)}, ${least.method.dtype}) needs ${formatBytes(least.bytes)}; use ${remedies.join(', or ')}`;
}
