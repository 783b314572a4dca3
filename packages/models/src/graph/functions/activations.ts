import { elu } from '../../activations/functions.ts';
import type { ProgramBuilder, Value } from '@ntk/tensor';
import type { Traced } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { elementwise, pointwise } from './elementwise.ts';

/** 1 / (1 + e^-x). It is remembered, as it may end the network. */
export function sigmoid(tracer: Tracer, operand: Traced): Traced {
  const result = pointwise(tracer, operand, (b, x) => b.unary('sigmoid', x));
  if (operand.kind === 'view' && result.kind === 'view')
    tracer.activated.set(result.value, { activation: 'sigmoid', logits: operand.value });
  return result;
}

/** x where x > 0, else slope · x, with a learned slope. */
export function prelu(tracer: Tracer, operand: Traced, slope: Traced): Traced {
  return elementwise(tracer, [operand, tracer.weight(slope)], {
    formula: (b, [x, s]) => b.where(b.binary('greater', x!, b.scalar(0)), x!, b.mul(s!, x!)),
  });
}

/** max(x, 0) + min(0, alpha (e^(x/alpha) - 1)). Source: Barron (2017). */
export function celu(b: ProgramBuilder, x: Value, alpha: number): Value {
  const scaled = b.div(x, b.scalar(alpha));
  return b.mul(b.scalar(alpha), elu(b, scaled, 1));
}

/** clip(alpha · x + beta, 0, 1). */
export function clippedLine(b: ProgramBuilder, x: Value, alpha: number, beta: number): Value {
  const line = b.add(b.mul(b.scalar(alpha), x), b.scalar(beta));
  return b.binary('minimum', b.binary('maximum', line, b.scalar(0)), b.scalar(1));
}
