import { calibrate, explain, formatPlan, formatRates, linearizationMemory, planAdaptation } from '@ntk/adapt';
import { planKernel } from '@ntk/jacobian';
import type { PlanArguments } from '../arguments/plan-command.ts';
import type { Action } from '../main.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { chooseSolverBackend } from '../network/choose-solver-backend.ts';
import { checkOutputs, writeOutputs, type OutputFile } from '../tables/outputs.ts';
import { adaptOptions } from './adapt-options.ts';
import { prepareAdapt } from './prepare-adapt.ts';

/** ntk plan: how ntk adapt would compute, without computing. */
export const planAction: Action<PlanArguments> = async (given, { stdout, stderr }) => {
  const { to, calibrate: ratesPath } = given;
  const outputs = [to, ratesPath].filter((path) => path !== undefined);
  await checkOutputs(outputs, [given.model, given.data]);
  const inputs = await prepareAdapt({ ...given, command: 'adapt' });
  const backend = await chooseBackend(given, { stderr });
  const solverBackend = await chooseSolverBackend(given, backend);
  const options = await adaptOptions(given, inputs, { backend, solverBackend });
  const measured = ratesPath === undefined ? undefined : await calibrate(backend);
  const rates = measured === undefined ? {} : { rates: measured };
  const plan = planAdaptation(inputs.network, inputs.examples.rows.length, { ...options, ...rates });
  const files: OutputFile[] = [];
  if (to !== undefined) files.push({ path: to, content: formatPlan(plan) });
  if (ratesPath !== undefined && measured !== undefined) {
    files.push({ path: ratesPath, content: formatRates(measured, backend.name) });
  }
  await writeOutputs(files);
  const { method } = plan;
  const kernel =
    method.holds === 'kernel'
      ? planKernel(inputs.network, {
          n: plan.sizes.n,
          layers: given.layers,
          outputs: plan.layout,
          dtype: method.dtype,
          productDtype: method.productDtype,
          memoryBytes: linearizationMemory(plan.memory),
          factorForm: 'cheapest', // as linearizations have it unless they are told otherwise
        }).explain()
      : undefined;
  const kernelLines = kernel === undefined ? [] : ['', kernel];
  const written = files.length === 0 ? [] : ['', `wrote ${files.map(({ path }) => path).join(', ')}`];
  stdout.write(
    given.json
      ? `${JSON.stringify({ command: 'plan', ...plan })}\n`
      : `${[...explain(plan), ...kernelLines, ...written].join('\n')}\n`,
  );
  return 0;
};
