import { alignTo, stretchTo, sumTo } from './align.ts';
import type { LinearRule } from './rule.ts';

/** The condition is constant almost everywhere: only the two branches have tangents. */
export const whereRule: LinearRule<'where'> = {
  constantIn: [0],
  coefficients: (_b, { operands }) => [operands[0]!],
  multiple: (b, { operands: [condition] }, [, x, y]) => b.where(condition!, x ?? b.scalar(0), y ?? b.scalar(0)),
  tangent: (b, node, [, x, y]) => {
    const zero = b.scalar(0);
    const aligned = [x, y].map((t) => (t === null || t === undefined ? zero : alignTo(b, t, node.shape.length)));
    return stretchTo(b, b.where(node.coefficients[0]!, aligned[0]!, aligned[1]!), node.shape);
  },
  cotangent: (b, node, g) => {
    const zero = b.scalar(0);
    const [condition] = node.coefficients;
    return [
      null,
      node.active[1] ? sumTo(b, b.where(condition!, g, zero), node.operandShapes[1]!) : null,
      node.active[2] ? sumTo(b, b.where(condition!, zero, g), node.operandShapes[2]!) : null,
    ];
  },
};
