import { product } from '../../graph/extent.ts';
import { axisOf, rankOf } from '../../graph/functions/movement.ts';
import { reduceTraced, type ReductionName } from '../../graph/functions/reduction.ts';
import { extentsIn, knownInput, numbersIn, required } from '../../graph/operands.ts';
import { staticTensor } from '../../graph/static.ts';
import type { GraphRule, GraphRules } from '../graph-node.ts';

/** A reduction over the axes that the second input names. */
function over(name: ReductionName): GraphRule {
  return (tracer, node, inputs) => {
    const operand = required(inputs, 0);
    const rank = rankOf(operand);
    const axes = numbersIn(knownInput(inputs, 1, 'axes'), 'an axis').map((axis) => axisOf(axis, rank));
    return reduceTraced(tracer, operand, axes, { keep: node.flag('keep_dims'), name });
  };
}

/** The product of entries, or of extents, of which one may be the number of examples. */
const prod: GraphRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  if (operand.kind === 'view' || operand.element === 'float' || rankOf(operand) !== 1)
    return over('prod')(tracer, node, inputs);
  return staticTensor('int', node.flag('keep_dims') ? [1] : [], [product(extentsIn(operand))]);
};

/** Reductions over whole axes. */
export const reductionRules: GraphRules = {
  Sum: over('sum'),
  Mean: over('mean'),
  Max: over('max'),
  Min: over('min'),
  Prod: prod,
};
