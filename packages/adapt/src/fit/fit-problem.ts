import type { Targets } from '@ntk/gp';
import type { Linearization } from '@ntk/jacobian';
import type { Matrix } from '@ntk/linop';
import type { Network } from '@ntk/tensor';
import type { Plan } from '../plan/plan.ts';
import type { ResolvedOptions } from './options.ts';
import type { TrainingData } from './training-data.ts';

/** A linearised network and data, and how to condition the one on the other. */
export interface FitProblem {
  readonly network: Network;
  readonly data: TrainingData;
  readonly linearization: Linearization;
  readonly targets: Targets;
  readonly plan: Plan;
  readonly options: ResolvedOptions;
  /** What an iterative solver starts from. */
  readonly start: Matrix | undefined;
}
