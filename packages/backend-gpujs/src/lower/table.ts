import type { Primitive } from '@ntk/tensor';
import { elementwiseRules } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { movementRules } from './movement.ts';
import type { Rule } from './rule.ts';
import { sum } from './sum.ts';

/** The rules of linear algebra; other primitives belong on another backend. */
export const rules: { readonly [P in Primitive]?: Rule<P> } = { ...elementwiseRules, ...movementRules, matmul, sum };
