import { OptionError, ShapeError } from '@ntk/tensor';
import type { Plan } from '../plan/plan.ts';
import type { PlanProblem, Sizes } from '../plan/sizes.ts';
import type { ResolvedOptions } from './options.ts';

/**
 * Checks that a plan which was made elsewhere is one for a problem, and that no option says otherwise.
 *
 * @throws {ShapeError} if it is for other sizes
 * @throws {OptionError} if it is for another backend, or an option that is named differs from it
 */
export function checkPlan(plan: Plan, actual: PlanProblem, options: ResolvedOptions): void {
  const { sizes, backend, layout, method, learnsOn } = plan;
  checkSizes(sizes, actual);
  if (backend !== options.backend.name) {
    throw new OptionError(
      `plan: got a plan for backend ${backend}, expected one for ${options.backend.name}; plan again, or use backend ${backend}`,
    );
  }
  const { space, solver, preconditioner, dtype, productDtype } = method;
  const planned = { outputs: layout, space, solver, preconditioner: preconditioner.kind, dtype, productDtype };
  for (const name of ['outputs', 'space', 'solver', 'preconditioner', 'dtype', 'productDtype'] as const) {
    if (options[name] === 'auto' || options[name] === planned[name]) continue;
    throw new OptionError(
      `plan: got ${name} ${options[name]}, and the plan has ${planned[name]}; leave ${name} out, or plan again`,
    );
  }
  if (learnsOn !== actual.learnsOn) {
    throw new OptionError(
      `plan: got a plan that learns variances on rows ${learnsOn}, expected ${actual.learnsOn}, as noise, priorVariance, outputs and learnOn say; plan again`,
    );
  }
}

function checkSizes(planned: Sizes, actual: Sizes): void {
  if (planned.n === actual.n && planned.c === actual.c && planned.p === actual.p) return;
  throw new ShapeError(
    `plan: got a plan for ${planned.n} examples, ${planned.c} outputs and ${planned.p} parameters, expected one for ${actual.n}, ${actual.c} and ${actual.p}; plan again`,
  );
}
