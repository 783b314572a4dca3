import type { GraphRule } from './graph-node.ts';
import { activationRules } from './ops/activations.ts';
import { arithmeticRules } from './ops/arithmetic.ts';
import { convolutionRules } from './ops/convolution.ts';
import { identityRules } from './ops/identity.ts';
import { linearRules } from './ops/linear.ts';
import { normalizationRules } from './ops/normalization.ts';
import { reductionRules } from './ops/reduction.ts';
import { selectionRules } from './ops/selection.ts';
import { shapeRules } from './ops/shape.ts';

/** The rule of every supported operation but Placeholder and Const, which are the graph's inputs and tensors. */
export const graphRules: ReadonlyMap<string, GraphRule> = new Map(
  Object.entries({
    ...arithmeticRules,
    ...activationRules,
    ...linearRules,
    ...convolutionRules,
    ...shapeRules,
    ...selectionRules,
    ...reductionRules,
    ...normalizationRules,
    ...identityRules,
  }),
);
