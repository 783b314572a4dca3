import type { PriorMean } from '@ntk/gp';
import { linearize, type Linearization } from '@ntk/jacobian';
import type { Matrix } from '@ntk/linop';
import type { Network } from '@ntk/tensor';
import { linearizationMemory } from '../plan/estimate.ts';
import { choosePlan, type Plan } from '../plan/plan.ts';
import { planProblem, type LearnedRows } from '../plan/sizes.ts';
import { checkPlan } from './check-plan.ts';
import { fitByJacobian } from './fit-by-jacobian.ts';
import { fitByKernel } from './fit-by-kernel.ts';
import { fitByOutputs } from './fit-by-outputs.ts';
import { fitByProducts } from './fit-by-products.ts';
import type { FitProblem } from './fit-problem.ts';
import type { FitParts, LinearizedFit } from './linearized-fit.ts';
import type { ResolvedOptions } from './options.ts';
import { checkData, type TrainingData } from './training-data.ts';

/**
 * Linearises a network on training inputs and conditions on the targets, by the plan that is given or the best one.
 *
 * @param start - see AdaptOptions
 * @returns the fit; the caller disposes it
 * @throws {ShapeError} if inputs and targets do not belong together, or the plan is for other sizes
 * @throws {OptionError} if the plan is for another backend or differs from an option, or nothing fits in memory
 * @throws {SolveError} if an iterative solver does not converge
 */
export async function fitLinearized(
  network: Network,
  data: TrainingData,
  options: ResolvedOptions,
  start?: Matrix,
): Promise<LinearizedFit> {
  const n = checkData(network, data);
  const plan = planFor(network, n, options);
  const { backend, layers, onProgress } = options;
  onProgress('linearize');
  const linearization = await linearize(network, data.x, {
    backend,
    dtype: plan.method.dtype,
    layers,
    memoryBytes: linearizationMemory(plan.memory),
  });
  try {
    const priorMean = await priorMeanOf(linearization, options.mean);
    const targets = { yTrain: data.y, ...(priorMean === undefined ? {} : { priorMean }) };
    const parts = await fitBy(plan)({ network, data, linearization, targets, plan, options, start });
    const { owned = [], ...rest } = parts;
    const dispose = (): void => {
      for (const resource of [parts.inference.posterior, ...owned, linearization]) resource.dispose();
    };
    const { space } = plan.method;
    return { plan, space, outputs: plan.layout, linearization, ...rest, dispose, [Symbol.dispose]: dispose };
  } catch (error) {
    linearization.dispose();
    throw error;
  }
}

/**
 * The plan for n examples: the one that is given, or the best one.
 *
 * @throws {ShapeError} if the given one is for other sizes
 * @throws {OptionError} if the given one is for another backend or differs from an option, or nothing fits in memory
 */
export function planFor(network: Network, n: number, options: ResolvedOptions): Plan {
  const { backend, layers, predictions, outputs: layout } = options;
  const problem = planProblem(network, n, { layers, learnsOn: learnedRows(options), predictions });
  if (options.plan === undefined) return choosePlan(problem, { ...options, layout }, backend);
  checkPlan(options.plan, problem, options);
  return options.plan;
}

function learnedRows({ noise, priorVariance, learnOn, outputs }: ResolvedOptions): LearnedRows {
  if (typeof noise !== 'string' && priorVariance !== 'learn') return 'none';
  return noise === 'learn-outputs' || outputs !== 'full' ? 'sample' : learnOn;
}

function fitBy({ layout, method: { solver, holds } }: Plan): (problem: FitProblem) => Promise<FitParts> {
  if (layout !== 'full') return fitByOutputs;
  if (solver !== 'cholesky') return fitByProducts;
  return holds === 'kernel' ? fitByKernel : fitByJacobian;
}

async function priorMeanOf(
  { outputs, backend, c }: Linearization,
  mean: ResolvedOptions['mean'],
): Promise<PriorMean | undefined> {
  if (mean === 'zero') return undefined;
  return mean === 'constant'
    ? { kind: 'constant', outputs: c }
    : { kind: 'fixed', values: Float64Array.from(await backend.read(outputs)) };
}
