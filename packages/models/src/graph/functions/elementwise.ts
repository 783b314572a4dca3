import type { ProgramBuilder, Value } from '@ntk/tensor';
import { align } from '../align.ts';
import type { Extent } from '../extent.ts';
import { fold, foldExtents } from '../static.ts';
import type { ElementKind, StaticTensor, Traced } from '../traced.ts';
import type { Tracer } from '../tracer.ts';

/** An operation entry by entry, with broadcasting. */
export interface Elementwise {
  readonly formula: (b: ProgramBuilder, values: readonly Value[]) => Value;
  /** The same for whole numbers that are known while a graph is read. */
  readonly integers?: (...extents: Extent[]) => Extent;
  /** What the result holds; what the last operand holds unless named. */
  readonly element?: ElementKind;
}

/**
 * Applies an operation entry by entry: in the Program, or here if every operand is static.
 *
 * @throws {ShapeError} if the operands do not broadcast
 */
export function elementwise(tracer: Tracer, operands: readonly Traced[], operation: Elementwise): Traced {
  const element = operation.element ?? operands.at(-1)!.element;
  if (operands.every((operand): operand is StaticTensor => operand.kind === 'static')) {
    const whole = operands.every((operand) => operand.element !== 'float');
    return whole && operation.integers
      ? foldExtents(operands, operation.integers, element)
      : fold(operands, operation.formula, element);
  }
  const b = tracer.builder;
  const { values, axes, examples } = align(
    b,
    operands.map((operand) => tracer.view(operand)),
  );
  return { kind: 'view', element, value: operation.formula(b, values), axes, examples };
}

/** Applies a function of one operand to every entry. */
export function pointwise(tracer: Tracer, operand: Traced, formula: (b: ProgramBuilder, x: Value) => Value): Traced {
  return elementwise(tracer, [operand], { formula: (b, [x]) => formula(b, x!) });
}
