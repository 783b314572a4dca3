import type { OutputActivation, Value } from '@ntk/tensor';

/** A value that is an activation of logits, so that the last one of a network can be split off. */
export interface Activated {
  readonly activation: OutputActivation;
  readonly logits: Value;
}
