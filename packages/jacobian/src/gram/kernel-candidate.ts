import type { FactorForm } from '../factors/factor-form.ts';
import type { Assembly, KernelSize } from './kernel-cost.ts';

/** How one layer enters the kernel. */
export type LayerStrategy = 'structured' | 'positions' | 'index equality' | 'layer Jacobian' | 'rows of J' | 'products';

/** One layer of a plan, or several parameters that share their sensitivities. */
export interface LayerPlan {
  /** Names of the parameters. */
  readonly parameters: readonly string[];
  readonly strategy: LayerStrategy;
  readonly seconds: number;
  /** What is held of it for all examples. */
  readonly bytes: number;
}

/** A way to compute a kernel. */
export interface KernelCandidate {
  /** What `kernelMatrix` is told. */
  readonly assembly: Assembly;
  /** What `linearize` is told. */
  readonly factorForm: FactorForm;
  readonly layers: readonly LayerPlan[];
  readonly seconds: number;
  /** What the linearizations keep, factors included. */
  readonly heldBytes: number;
  /** At the peak, the kernel and `heldBytes` included. */
  readonly bytes: number;
}

/** The way that was chosen, among those there are. */
export interface KernelPlan extends KernelCandidate {
  readonly size: KernelSize;
  readonly candidates: readonly KernelCandidate[];
  /** The plan as a table for people, with the reason. */
  explain(): string;
}
