import { sizeOf } from '@ntk/tensor';
import type { Traced, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { arithmetic } from './arithmetic.ts';
import { elementwise } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { scaleAndShift } from './normalize.ts';

/**
 * x + w or x · w, in which a weight of the file is a bias or a scale, and so trainable.
 *
 * A single number is one only where it is added to the product of a weight: elsewhere it is an epsilon or the scale of an attention.
 */
export function affine(tracer: Tracer, op: 'add' | 'mul', operands: readonly [Traced, Traced]): Traced {
  const slots = operands.map((operand, i): Traced => {
    const other = operands[1 - i]!;
    if (operand.kind === 'view' || !operand.weight || other.kind !== 'view') return operand;
    const product = op === 'add' ? tracer.products.get(other.value) : undefined;
    if (product === undefined) return sizeOf(operand.shape) > 1 ? tracer.weight(operand) : operand;
    tracer.biases.set(operand.weight.name, product);
    return operand.shape.length > 0 ? tracer.weight(operand) : operand;
  });
  return elementwise(tracer, slots, arithmetic[op]);
}

/** A product of matrices, in which a weight of the file is trainable. What is added to the result is then its bias. */
export function product(tracer: Tracer, left: Traced, right: Traced): View {
  const result = matmul(tracer, tracer.weight(left), tracer.weight(right));
  const weight = [right, left].flatMap((operand) =>
    operand.kind === 'static' && operand.weight ? [operand.weight] : [],
  )[0];
  if (weight) tracer.products.set(result.value, weight.name);
  return result;
}

/** x + bias, a trainable vector along one axis; it belongs to the layer of the weight whose product x is. */
export function addBias(tracer: Tracer, operand: Traced, bias: Traced, axis: number): Traced {
  const weight = operand.kind === 'view' ? tracer.products.get(operand.value) : undefined;
  if (weight !== undefined && bias.kind === 'static' && bias.weight) tracer.biases.set(bias.weight.name, weight);
  return scaleAndShift(tracer, operand, { scale: undefined, shift: tracer.weight(bias), axis });
}
