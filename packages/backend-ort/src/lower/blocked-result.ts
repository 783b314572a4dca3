import type { Shape } from '@ntk/tensor';
import type { OnnxAttribute } from '../onnx/model.ts';

/** The result of a convolution in blocks of channels, with what it was made of: what is added to it later can be added while it is computed. */
export interface BlockedResult {
  /** Its name, in blocks. */
  readonly name: string;
  /** Out of blocks, [n, rows, columns, channels]. */
  readonly shape: Shape;
  /** In blocks. */
  readonly images: string;
  readonly filter: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  /** [channels]; empty if nothing is added to all positions. */
  readonly bias: string;
  /** What else is added, in blocks; empty if nothing is. */
  readonly summand: string;
  /** The convolution that the summand results from. */
  readonly inner: BlockedResult | null;
}
