import type { Primitive } from '@ntk/tensor';
import { convolutionRules } from './convolution.ts';
import { elementwiseRules } from './elementwise.ts';
import { indexRules } from './indexing.ts';
import { matmul } from './matmul.ts';
import { reductionRules } from './reduction.ts';
import type { Rule } from './rule.ts';
import { shapeRules } from './shape.ts';
import { windowRules } from './window.ts';

/** The rule of every primitive. */
export const rules: { readonly [P in Primitive]: Rule<P> } = {
  ...elementwiseRules,
  ...reductionRules,
  ...shapeRules,
  ...indexRules,
  matmul,
  ...convolutionRules,
  ...windowRules,
};
