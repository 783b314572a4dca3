import { asNumber, product } from '../../graph/extent.ts';
import { axisOf, extentsOfTraced, rankOf } from '../../graph/functions/movement.ts';
import { reduceTraced, type ReductionName } from '../../graph/functions/reduction.ts';
import { staticTensor } from '../../graph/static.ts';
import { extentsIn, required } from '../../graph/operands.ts';
import { axesOf, type OnnxRule, type OnnxRules } from '../op-node.ts';

/** A reduction over the axes that the node or its input names, or all. */
function over(name: ReductionName): OnnxRule {
  return (tracer, node, inputs) => {
    const operand = required(inputs, 0);
    const rank = rankOf(operand);
    const named = axesOf(node, inputs)?.map((axis) => axisOf(axis, rank));
    if ((named === undefined || named.length === 0) && node.number('noop_with_empty_axes', 0) !== 0) return operand;
    const axes = named === undefined || named.length === 0 ? Array.from({ length: rank }, (_, i) => i) : named;
    return reduceTraced(tracer, operand, axes, { keep: node.number('keepdims', 1) !== 0, name });
  };
}

/** The product of entries, or of extents, of which one may be the number of examples. */
const reduceProd: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  if (operand.kind === 'view' || operand.element === 'float' || rankOf(operand) !== 1)
    return over('prod')(tracer, node, inputs);
  return staticTensor('int', node.number('keepdims', 1) !== 0 ? [1] : [], [product(extentsIn(operand))]);
};

/** The mean or maximum over all positions. */
function overPositions(name: ReductionName): OnnxRule {
  return (tracer, _node, inputs) => {
    const operand = required(inputs, 0);
    const axes = Array.from({ length: rankOf(operand) - 2 }, (_, i) => i + 2);
    axes.forEach((axis) => asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis of positions'));
    return reduceTraced(tracer, operand, axes, { keep: true, name });
  };
}

/** Reductions over whole axes. */
export const reductionRules: OnnxRules = {
  ReduceSum: over('sum'),
  ReduceMean: over('mean'),
  ReduceMax: over('max'),
  ReduceMin: over('min'),
  ReduceL1: over('l1'),
  ReduceL2: over('l2'),
  ReduceLogSum: over('logSum'),
  ReduceSumSquare: over('sumSquare'),
  ReduceLogSumExp: over('logSumExp'),
  ReduceProd: reduceProd,
  GlobalAveragePool: overPositions('mean'),
  GlobalMaxPool: overPositions('max'),
};
