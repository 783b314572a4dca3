import type { Primitive } from '@ntk/tensor';
import { binaryRules } from './binary.ts';
import { conv2dRule, conv2dTransposeRule } from './convolution.ts';
import { gatherRule, scatterAddRule } from './gather.ts';
import { matmulRule } from './matmul.ts';
import { broadcastToRule, concatRule, padRule, reshapeRule, sliceRule, transposeRule } from './movement.ts';
import { maxRule, sumRule } from './reduction.ts';
import type { LinearRule } from './rule.ts';
import { unaryRules } from './unary.ts';
import { whereRule } from './where.ts';
import { foldRule, patchesRule } from './window.ts';

/** Primitives whose result is constant almost everywhere: nothing flows through them. */
type LocallyConstant = 'constant' | 'sign' | 'greater' | 'greaterEqual' | 'equal';

const rules: { readonly [P in Exclude<Primitive, LocallyConstant>]: LinearRule<P> } = {
  ...unaryRules,
  ...binaryRules,
  where: whereRule,
  matmul: matmulRule,
  sum: sumRule,
  max: maxRule,
  reshape: reshapeRule,
  transpose: transposeRule,
  broadcastTo: broadcastToRule,
  concat: concatRule,
  slice: sliceRule,
  pad: padRule,
  gather: gatherRule,
  scatterAdd: scatterAddRule,
  conv2d: conv2dRule,
  conv2dTranspose: conv2dTransposeRule,
  patches: patchesRule,
  fold: foldRule,
};

/** The derivative rule of a primitive, or undefined if its result is constant almost everywhere. */
export function ruleOf(op: Primitive): LinearRule<Primitive> | undefined {
  return (rules as Partial<Record<Primitive, unknown>>)[op] as LinearRule<Primitive> | undefined;
}
