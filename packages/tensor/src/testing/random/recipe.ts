import type { ProgramBuilder } from '../../builder.ts';
import type { Primitive } from '../../primitives/attributes.ts';
import type { Value } from '../../program.ts';

/** A value of a random Program and what is known about it. */
export interface Known {
  readonly value: Value;
  /** No element is larger in absolute value: keeps random Programs away from overflow. */
  readonly bound: number;
  /** True if it is the same in every dtype: only such values are compared, as a rounding would turn a comparison over. */
  readonly exact: boolean;
}

/** Where a recipe is applied: the builder, the operand it was given, all values so far, and a number for its own choices. */
export interface Place {
  readonly b: ProgramBuilder;
  readonly a: Known;
  readonly known: readonly Known[];
  readonly choice: number;
}

/** One way to make a new value; undefined where it does not apply to the operand. */
export interface Recipe {
  readonly needs: readonly Primitive[];
  readonly apply: (place: Place) => Known | undefined;
}
