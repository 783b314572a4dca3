import type { Shape } from '../../shape.ts';
import { primitiveCase, type PrimitiveCase } from './primitive-case.ts';

const RESHAPED: readonly (readonly [from: Shape, to: Shape])[] = [
  [[], [1, 1]],
  [[1], []],
  [[6], [2, 3]],
  [
    [2, 3],
    [3, 2],
  ],
  [
    [2, 3],
    [-1, 2],
  ],
  [[2, 3, 4], [-1]],
  [
    [2, 3, 4],
    [2, -1, 1],
  ],
  [
    [0, 3],
    [3, 0],
  ],
  [
    [0, 3],
    [-1, 3],
  ],
];

const TRANSPOSED: readonly (readonly [shape: Shape, permutation: readonly number[]])[] = [
  [[], []],
  [[3], [0]],
  [
    [2, 3],
    [1, 0],
  ],
  [
    [2, 3],
    [0, 1],
  ],
  [
    [1, 3],
    [1, 0],
  ],
  [
    [2, 3, 4],
    [2, 0, 1],
  ],
  [
    [2, 3, 4],
    [0, 2, 1],
  ],
  [
    [2, 1, 3, 4],
    [3, 1, 0, 2],
  ],
  [
    [2, 3, 2, 1, 3],
    [4, 2, 0, 3, 1],
  ],
  [
    [2, 2, 3, 2, 3, 2],
    [0, 1, 3, 2, 4, 5],
  ],
  [
    [2, 0],
    [1, 0],
  ],
];

const STRETCHED: readonly (readonly [from: Shape, to: Shape])[] = [
  [[], []],
  [[], [2, 3]],
  [[3], [3]],
  [[3], [2, 3]],
  [
    [2, 1],
    [2, 3],
  ],
  [
    [2, 1],
    [-1, 3],
  ],
  [
    [1, 3, 1],
    [4, -1, 3, 2],
  ],
  [[1], [0]],
];

const JOINED: readonly (readonly [shapes: readonly Shape[], axis: number])[] = [
  [[[3]], 0],
  [[[3], [2]], 0],
  [
    [
      [2, 3],
      [2, 1],
      [2, 2],
    ],
    1,
  ],
  [
    [
      [2, 3],
      [1, 3],
      [4, 3],
    ],
    0,
  ],
  [
    [
      [2, 1, 3],
      [2, 2, 3],
    ],
    1,
  ],
  [[[2], [0], [1]], 0],
  [
    [
      [2, 0, 3],
      [2, 0, 1],
    ],
    2,
  ],
];

const SLICED: readonly (readonly [shape: Shape, axis: number, start: number, end: number, step: number])[] = [
  [[7], 0, 0, -1, 1],
  [[7], 0, 2, 5, 1],
  [[7], 0, 1, -1, 3],
  [[7], 0, 0, 6, 2],
  [[7], 0, 0, 7, 2],
  [[7], 0, 6, 7, 5],
  [[3, 4], 0, 1, 2, 1],
  [[3, 4], 1, 1, -1, 2],
  [[2, 5, 3], 1, 1, 5, 2],
  [[2, 5, 3], 1, 4, 4, 1],
  [[1, 1], 1, 0, 1, 1],
  [[0, 4], 1, 1, 3, 1],
];

const PADDED: readonly (readonly [shape: Shape, axis: number, before: number, after: number, step: number])[] = [
  [[3], 0, 0, 0, 1],
  [[3], 0, 2, 1, 1],
  [[3], 0, 0, 0, 2],
  [[3], 0, 1, 2, 3],
  [[1], 0, 1, 0, 4],
  [[2, 3], 0, 1, 1, 1],
  [[2, 3], 1, 0, 2, 2],
  [[2, 3, 2], 1, 1, 0, 3],
  [[0], 0, 2, 1, 2],
  [[2, 0], 0, 1, 1, 1],
];

const CONSTANTS: readonly Shape[] = [[], [1], [2, 3], [128], [0]];

/** Primitives that only move data. */
export const movementCases: readonly PrimitiveCase[] = [
  ...RESHAPED.map(([from, shape]) => primitiveCase('reshape', [from], { shape })),
  ...TRANSPOSED.map(([shape, permutation]) => primitiveCase('transpose', [shape], { permutation })),
  ...STRETCHED.map(([from, shape]) => primitiveCase('broadcastTo', [from], { shape })),
  ...JOINED.map(([shapes, axis]) => primitiveCase('concat', shapes, { axis })),
  ...SLICED.map(([shape, axis, start, end, step]) => primitiveCase('slice', [shape], { axis, start, end, step })),
  ...PADDED.map(([shape, axis, before, after, step]) => primitiveCase('pad', [shape], { axis, before, after, step })),
  ...CONSTANTS.map((shape) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return primitiveCase('constant', [], { shape, values: Array.from({ length: size }, (_, i) => (i - 1) / 10) });
  }),
];
