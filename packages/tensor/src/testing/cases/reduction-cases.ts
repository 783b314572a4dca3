import type { ReductionPrimitive } from '../../primitives/attributes.ts';
import type { Shape } from '../../shape.ts';
import { primitiveCase, type PrimitiveCase } from './primitive-case.ts';

const OPS: readonly ReductionPrimitive[] = ['sum', 'max'];

const REDUCED: readonly (readonly [shape: Shape, axes: readonly number[]])[] = [
  [[], []],
  [[1], [0]],
  [[7], [0]],
  [[2, 3], []],
  [[2, 3], [0]],
  [[2, 3], [1]],
  [
    [2, 3],
    [0, 1],
  ],
  [
    [2, 3],
    [1, 0],
  ],
  [[3, 1, 2], [1]],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 2],
  ],
  [
    [2, 3, 2, 3, 2, 2],
    [1, 3, 4],
  ],
  [[3, 1000], [1]],
  [[1000, 3], [0]],
  [[0, 3], [1]],
  [[0, 3], [0]],
];

/** Reductions over outer, inner, several, all and no axes; over nothing the sum is 0 and the maximum -∞. */
export const reductionCases: readonly PrimitiveCase[] = OPS.flatMap((op) =>
  REDUCED.map(([shape, axes]) => primitiveCase(op, [shape], { axes })),
);
