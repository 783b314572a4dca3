import { sizeOf } from '@ntk/tensor';
import type { StaticTensor, Traced, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { arithmetic } from './arithmetic.ts';
import { elementwise } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { scaleAndShift } from './normalize.ts';

/**
 * x + w or x · w, in which a weight of the file is a bias or a scale, and so trainable, unless it tells itself from them: a single number, which is an
 * epsilon or the scale of an attention where x is not the product of a weight, and a mask, whose entries no sum survives. What is subtracted or
 * divided by is a constant: the standardisation of inputs.
 */
export function affine(tracer: Tracer, op: 'add' | 'mul', operands: readonly [Traced, Traced]): Traced {
  const slots = operands.map((operand, i): Traced => {
    const other = operands[1 - i]!;
    if (operand.kind === 'view' || !operand.weight || other.kind !== 'view') return operand;
    const product = op === 'add' ? tracer.products.get(other.value) : undefined;
    if (product === undefined) return isScaleOrShift(operand) ? tracer.weight(operand) : operand;
    tracer.biases.set(operand.weight.name, product);
    return operand.shape.length > 0 ? tracer.weight(operand) : operand;
  });
  return elementwise(tracer, slots, arithmetic[op]);
}

/** Scores of attentions are masked by adding -∞, or the lowest number of some type. */
const MASKED = 1e9;

function isScaleOrShift(operand: StaticTensor): boolean {
  if (sizeOf(operand.shape) <= 1) return false;
  return Array.from(operand.values()).every((value) => typeof value === 'number' && Math.abs(value) < MASKED);
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
