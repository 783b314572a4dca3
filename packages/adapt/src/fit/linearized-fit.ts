import type { SolveReport } from '@ntk/gp';
import type { EvidenceFunction } from '@ntk/gp';
import type { Linearization } from '@ntk/jacobian';
import type { Matrix } from '@ntk/linop';
import type { TypedArray } from '@ntk/tensor';
import type { OutputsLayout, Space } from '../plan/method.ts';
import type { Plan } from '../plan/plan.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import type { Inference } from './inference.ts';
import type { Prediction } from './predict-in-batches.ts';

/** A linearised network conditioned on data. */
export interface LinearizedFit {
  /** How it was computed. */
  readonly plan: Plan;
  readonly space: Space;
  readonly outputs: OutputsLayout;
  readonly linearization: Linearization;
  readonly hyperparameters: Hyperparameters;
  readonly inference: Inference;
  /** log p(y) for every prior and noise variance, where one of each was sought. */
  readonly evidence?: EvidenceFunction;
  /** What the solve for the targets took and reached; absent where a factor of the whole system gives it exactly. */
  readonly solution?: SolveReport;
  /**
   * The weights that the mean comes from without training data, one vector a row, [k, p]. `full`: one, the mean at x is m(x) + J(x) w.
   * `independent`: one for each output a, m_a(x) + J_a(x) w_a. `shared`: row a·c + b is v_ab, and output b is m_b(x) + Σ_a J_a(x) v_ab.
   */
  weights(): Promise<Matrix>;
  /** Mean and variance at new inputs; the network goes through them in batches. */
  predict(x: TypedArray): Promise<Prediction>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What a method brings to a fit. */
export interface FitParts
  extends Pick<LinearizedFit, 'hyperparameters' | 'inference' | 'evidence' | 'solution' | 'weights' | 'predict'> {
  /** Matrices on a backend that the posterior borrows. */
  readonly owned?: readonly { dispose(): void }[];
}
