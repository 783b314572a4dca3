import type { Attributes, Primitive, ProgramBuilder, Shape, Value } from '@ntk/tensor';
import type { Placement } from './placement.ts';

/** A node of the primal Program while it is being emitted. */
export interface PrimalNode<P extends Primitive> {
  readonly operands: readonly Value[];
  readonly result: Value;
  readonly attributes: Attributes[P];
  /** Which operands depend on the chosen parameters. */
  readonly active: readonly boolean[];
  /** For a convolution: whether the windows of its images are stored beside the images. */
  readonly keepsWindows: boolean;
}

/** What a linear map of one node may use. Values belong to the linear Program. */
export interface LinearNode<P extends Primitive> {
  readonly attributes: Attributes[P];
  /** Shapes of the operands and of the result in the primal Program. */
  readonly operandShapes: readonly Shape[];
  readonly shape: Shape;
  readonly active: readonly boolean[];
  /** As in the primal node. */
  readonly keepsWindows: boolean;
  /** The coefficients that the rule asked for, in its order. */
  readonly coefficients: readonly Value[];
}

/**
 * The derivative of one primitive at a point, as a linear map and its transpose.
 *
 * Tangents and cotangents carry k right-hand sides as one extra leading axis: [k, …shape]. Everything nonlinear happens once,
 * in the primal Program (`coefficients`); `tangent` and `cotangent` emit only operations that are linear in their argument.
 */
export interface LinearRule<P extends Primitive> {
  /** Operands in which the result is constant almost everywhere, such as conditions and indices: they are never active. None unless given. */
  readonly constantIn?: readonly number[];
  /** Values of the primal Program that the linear maps need; may emit further primal nodes. */
  coefficients(primal: ProgramBuilder, node: PrimalNode<P>): Value[];
  /**
   * For an elementwise primitive whose active operands are multiples of one value: the factor of its result. It lets a chain of such nodes, an activation
   * function for instance, become one multiplication.
   *
   * @param factors - of each operand, null where it is inactive
   */
  multiple?(primal: ProgramBuilder, node: PrimalNode<P>, factors: readonly (Value | null)[]): Value;
  /**
   * @param tangents - one [k, …operandShape] for each operand, null where the operand is inactive; at least one is not null
   * @returns the tangent of the result, [k, …shape]
   */
  tangent(linear: ProgramBuilder, node: LinearNode<P>, tangents: readonly (Value | null)[]): Value;
  /**
   * @param cotangent - [k, …shape]
   * @returns for each active operand its cotangent [k, …operandShape], null for the others
   */
  cotangent(linear: ProgramBuilder, node: LinearNode<P>, cotangent: Value): (Value | null)[];
  /**
   * For a primitive whose result is a run of entries of its only operand: where it lies there. The operand's cotangent is then that of the result in this place
   * and zero elsewhere, as `cotangent` gives it too. Null if the result is none.
   */
  placement?(node: LinearNode<P>): Placement | null;
}
