import type { NodeOf, Primitive, Shape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';

/** A value of a run: its elements, row-major, in a native tensor of any shape of as many, and its shape in the Program. */
export interface Operand {
  readonly native: NativeTensor;
  readonly shape: Shape;
}

/**
 * How one primitive becomes operations of TensorFlow.js: computes the elements of the result, in any shape of as many.
 *
 * Called inside a tidy, which frees all but the result, and only for results with at least one element. May return its operand.
 */
export type Rule<P extends Primitive> = (tf: TfjsModule, operands: readonly Operand[], node: NodeOf<P>) => NativeTensor;
