import type { Value } from '@ntk/tensor';
import type { ActiveNode } from '../derivation.ts';

/** A place where a parameter is read: a node, and as which operand. */
export interface Use {
  readonly node: ActiveNode;
  readonly operand: number;
}

/** The Jacobian of f through one use of a parameter: Σ_t A_t ⊗ G_t over T positions, or as it is. */
export interface UseFactors {
  /** Inputs of the layer, [n, T, a], or indices [n, T, 1]; null where the sensitivities are rows of the Jacobian themselves. */
  readonly activations: Value | null;
  /** The number of rows of the table that the activations are indices into; null if they are not indices. */
  readonly rows: number | null;
  /** ∂f_α/∂(layer output), or ∂f_α/∂(parameter): [c, n, T, b]. */
  readonly sensitivities: Value;
  readonly positions: number;
  /** True if the weight matrix is read transposed: its Jacobian is then G ⊗ A instead of A ⊗ G. */
  readonly transposed: boolean;
}
