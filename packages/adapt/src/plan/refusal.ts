import { formatBytes, type Backend } from '@ntk/tensor';
import { planCandidates, type Candidate, type PlanRequest } from './candidates.ts';
import { describeMethod } from './method.ts';
import { describeSizes, type PlanProblem } from './sizes.ts';

/** Why nothing fits, and what would make it fit. */
export function refusal(problem: PlanProblem, request: PlanRequest, backend: Pick<Backend, 'supports'>): string {
  const candidates = planCandidates(problem, request, backend);
  if (candidates.length === 0) return noMethod(problem, request);
  const { memory, least } = leastMemory(problem, { ...request, memory: smallest(candidates).bytes }, backend);
  const remedies = [
    `a memory limit of ${formatBytes(memory)}`,
    ...(request.space === 'auto' && request.solver === 'auto' ? [] : ['space auto and solver auto']),
    ...(request.layout === 'full' ? [] : ['outputs full']),
    'fewer layers (last, or top:K)',
    'fewer rows',
  ];
  return `plan: ${describeSizes(problem)} do not fit in ${formatBytes(request.memory)}: the smallest method (${describeMethod(least.method)}) needs ${formatBytes(least.bytes)}; use ${remedies.join(', or ')}`;
}

/** Why there is no method for what was asked, whatever the memory. */
function noMethod(problem: PlanProblem, { space, solver, layout, solverBackend }: PlanRequest): string {
  const isPrecise = solverBackend === undefined || solverBackend.supports.float64;
  const own = layout === 'full' ? [] : [`outputs ${layout} need function space and Cholesky`];
  const reasons = [
    ...own,
    ...(solver === 'lsmr' && space === 'function' ? ['LSMR needs parameter space'] : []),
    ...(isPrecise ? [] : [`the solver backend ${solverBackend.name} has no float64, which Cholesky needs`]),
  ];
  const remedies = [
    ...(space === 'auto' && solver === 'auto' ? [] : ['space auto and solver auto']),
    ...(own.length === 0 ? [] : ['outputs full']),
    ...(isPrecise ? [] : ['another solver backend']),
  ];
  const asked = `space ${space}, solver ${solver} and outputs ${layout}`;
  const because = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
  return `plan: ${describeSizes(problem)}: got ${asked}, for which there is no method${because}; use ${remedies.join(', or ')}`;
}

/** A limit with which something fits, and the smallest method then: what products keep and how many go together grow with what they are allowed. */
function leastMemory(
  problem: PlanProblem,
  request: PlanRequest,
  backend: Pick<Backend, 'supports'>,
): { readonly memory: number; readonly least: Candidate } {
  const memory = roundedUp(request.memory);
  const least = smallest(planCandidates(problem, { ...request, memory }, backend));
  if (least.bytes <= memory) return { memory, least };
  return leastMemory(problem, { ...request, memory: Math.max(least.bytes, 1.02 * memory) }, backend);
}

function smallest(candidates: readonly Candidate[]): Candidate {
  return candidates.reduce((a, b) => (b.bytes < a.bytes ? b : a));
}

/** The next limit that a person would give, and that is written without rounding. */
function roundedUp(bytes: number): number {
  const step = bytes < 2 ** 30 - 2 ** 26 ? 2 ** 26 : bytes < 9.75 * 2 ** 30 ? 2 ** 28 : 2 ** 30;
  return Math.ceil(bytes / step) * step;
}
