import type { TypedArray } from '../dtype.ts';
import type { Shape } from '../shape.ts';
import type { Attributes, Primitive } from './attributes.ts';

/** One operand as the reference interpreter sees it. */
export interface Operand {
  readonly data: TypedArray;
  readonly shape: Shape;
}

/**
 * The definition of a primitive: how many operands, the shape of the result, where examples go, and the reference evaluation.
 * Derivative rules live in @ntk/jacobian, translations to native operations in the backends.
 */
export interface PrimitiveSpec<P extends Primitive> {
  /** Number of operands; null for one or more. */
  readonly arity: number | null;
  /** @throws {ShapeError} if the operands or attributes do not fit */
  readonly infer: (shapes: readonly Shape[], attributes: Attributes[P]) => Shape;
  /**
   * The axis of the result along which examples lie, given those of the operands (null: shared by all examples).
   *
   * @throws {ProgramError} if the operation would mix examples
   */
  readonly exampleAxis: (
    axes: readonly (number | null)[],
    shapes: readonly Shape[],
    attributes: Attributes[P],
  ) => number | null;
  /** Fills `out` (zero-filled, row-major, of the inferred shape). Arithmetic is in double precision, rounded when stored. */
  readonly evaluate: (
    operands: readonly Operand[],
    attributes: Attributes[P],
    out: TypedArray,
    outShape: Shape,
  ) => void;
}
