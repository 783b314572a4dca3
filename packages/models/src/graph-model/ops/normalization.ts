import { batchNormalize, scaleAndShift, standardize } from '../../graph/functions/normalize.ts';
import { rankOf } from '../../graph/functions/movement.ts';
import { required } from '../../graph/operands.ts';
import type { GraphRule, GraphRules } from '../graph-node.ts';

/**
 * Normalisation with stored moments, or, where a network takes it for another one than that of batches (Keras for layers), with the moments of what it is given.
 */
const fusedBatchNorm: GraphRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const [scale, shift] = [required(inputs, 1), required(inputs, 2)].map((vector) => tracer.weight(vector));
  const axis = node.text('data_format', 'NHWC') === 'NCHW' ? 1 : rankOf(operand) - 1;
  const epsilon = node.number('epsilon', 1e-4);
  if (!node.flag('is_training')) {
    const [mean, variance] = [tracer.buffer(required(inputs, 3)), tracer.buffer(required(inputs, 4))];
    return batchNormalize(tracer, operand, { scale, shift, mean, variance, epsilon, axis });
  }
  const others = Array.from({ length: rankOf(operand) }, (_, other) => other).filter((other) => other !== axis);
  return scaleAndShift(tracer, standardize(tracer, tracer.view(operand), others, epsilon), { scale, shift, axis });
};

/** Normalisations. */
export const normalizationRules: GraphRules = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
};
