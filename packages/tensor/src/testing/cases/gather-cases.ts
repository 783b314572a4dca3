import type { Shape } from '../../shape.ts';
import { primitiveCase, type PrimitiveCase } from './primitive-case.ts';

// Indices are 0, 1 or 2, so the axis that they name has at least three entries.
const GATHERED: readonly (readonly [shape: Shape, indices: Shape, axis: number])[] = [
  [[3], [], 0],
  [[3], [1], 0],
  [[5, 2], [7], 0],
  [[5, 2], [2, 3], 0],
  [[2, 4], [3], 1],
  [[2, 3, 4], [2, 2], 1],
  [[4, 3], [0], 0],
  [[3, 0], [2], 0],
];

const SCATTERED: readonly (readonly [shape: Shape, indices: Shape, axis: number, extent: number])[] = [
  [[], [], 0, 3],
  [[1], [1], 0, 3],
  [[7, 2], [7], 0, 5],
  [[2, 3, 2], [2, 3], 0, 4],
  [[2, 6], [6], 1, 3],
  [[2, 2, 2, 4], [2, 2], 1, 3],
  [[0, 3], [0], 0, 3],
  [[40], [40], 0, 3],
];

/** Picking entries by index, and adding them up again. */
export const gatherCases: readonly PrimitiveCase[] = [
  ...GATHERED.map(([shape, indices, axis]) => primitiveCase('gather', [shape, indices], { axis })),
  ...SCATTERED.map(([shape, indices, axis, extent]) => primitiveCase('scatterAdd', [shape, indices], { axis, extent })),
];
