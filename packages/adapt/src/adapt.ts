import type { Network } from '@ntk/tensor';
import { fitLinearized, planFor } from './fit/fit-linearized.ts';
import type { LinearizedFit } from './fit/linearized-fit.ts';
import type { TrainingData } from './fit/training-data.ts';
import type { Plan } from './plan/plan.ts';
import { resolveOptions, type AdaptOptions, type ResolvedOptions } from './fit/options.ts';

/** A trained network adapted to data: a Gaussian process whose features are the network's Jacobian. */
export interface AdaptedNetwork extends LinearizedFit {
  readonly network: Network;
  readonly data: TrainingData;
  readonly options: ResolvedOptions;
}

/**
 * Adapts a trained network to target data analytically: linearises it at its trained weights, and conditions the resulting
 * Gaussian process on the data. The weights are not trained; there is no learning rate and no local optimum.
 *
 * @param network - borrowed; never written
 * @param data - x [n, …exampleShape] as the network takes it, y [n, c] in the units of the network's outputs; borrowed
 * @returns the posterior; the caller disposes it
 * @throws {ShapeError} if inputs, targets and network do not fit
 * @throws {OptionError} if an option is out of its domain, or nothing fits in memory
 * @throws {NumericalError} if targets are not finite, or a factorisation fails
 * @throws {SolveError} if an iterative solver does not converge
 *
 * Cost: that of the plan; `planAdaptation` tells it in advance.
 * Source: Maddox et al. (2021), section 3.
 */
export async function adapt(network: Network, data: TrainingData, options: AdaptOptions): Promise<AdaptedNetwork> {
  const resolved = resolveOptions(options);
  const fit = await fitLinearized(network, data, resolved, options.start);
  return { ...fit, network, data, options: resolved };
}

/**
 * How `adapt` would adapt a network to n examples, without running anything; `explain` prints it.
 *
 * @param network - borrowed
 * @param n - training examples
 * @throws {OptionError} if an option is out of its domain, or nothing fits in memory
 */
export function planAdaptation(network: Network, n: number, options: AdaptOptions): Plan {
  return planFor(network, n, resolveOptions(options));
}
