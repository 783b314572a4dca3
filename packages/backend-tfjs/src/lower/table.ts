import type { Primitive } from '@ntk/tensor';
import { convolutionRules } from './convolution.ts';
import { elementwiseRules } from './elementwise.ts';
import { indexRules } from './indexing.ts';
import { matmul } from './matmul.ts';
import { movementRules } from './movement.ts';
import { reductionRules } from './reduction.ts';
import type { Rule } from './rule.ts';
import { windowRules } from './window.ts';

/** The rule of every primitive; a constant is a tensor of the executable. */
export const rules: { readonly [P in Exclude<Primitive, 'constant'>]: Rule<P> } = {
  ...elementwiseRules,
  ...reductionRules,
  ...movementRules,
  ...indexRules,
  ...convolutionRules,
  ...windowRules,
  matmul,
};
