import type { NodeOf, Primitive, Shape } from '@ntk/tensor';
import type { Kernels } from '../kernels.ts';

/** A value of a run, row-major. */
export interface Operand {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/**
 * How one primitive is computed. Called only for results with at least one element.
 *
 * @returns the elements of the result: of its own, or an operand's data
 */
export type Rule<P extends Primitive> = (
  kernels: Kernels,
  operands: readonly Operand[],
  node: NodeOf<P>,
) => Promise<Float32Array> | Float32Array;
