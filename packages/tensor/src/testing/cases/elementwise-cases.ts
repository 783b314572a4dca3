import type { BinaryPrimitive, UnaryPrimitive } from '../../primitives/attributes.ts';
import type { Shape } from '../../shape.ts';
import { primitiveCase, type PrimitiveCase } from './primitive-case.ts';

const UNARY: readonly UnaryPrimitive[] = ['neg', 'abs', 'sign', 'exp', 'log', 'sqrt', 'tanh', 'sigmoid', 'relu', 'erf'];

const BINARY: readonly BinaryPrimitive[] = [
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'greater',
  'greaterEqual',
  'equal',
];

const SHAPES: readonly Shape[] = [[], [1], [7], [3, 5], [1, 3, 1], [2, 3, 1, 2, 3], [1000], [0], [2, 0, 3]];

/** Pairs that broadcast in every way: scalars, missing axes, extents of 1 on either side, nothing at all. */
const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[1], [1]],
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], []],
  [[], [2, 3]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 5],
  ],
  [
    [1, 1],
    [3, 1, 1, 2],
  ],
  [
    [0, 3],
    [1, 3],
  ],
];

const TRIPLES: readonly (readonly [Shape, Shape, Shape])[] = [
  [[], [], []],
  [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [], [3]],
  [[2, 1], [3], []],
  [[3], [2, 1], [4, 1, 1]],
  [[], [2, 3], [3]],
  [[0], [1], []],
];

/** Every elementwise primitive over every kind of broadcasting. */
export const elementwiseCases: readonly PrimitiveCase[] = [
  ...UNARY.flatMap((op) => SHAPES.map((shape) => primitiveCase(op, [shape], {}))),
  ...BINARY.flatMap((op) => PAIRS.map((pair) => primitiveCase(op, pair, {}))),
  ...TRIPLES.map((triple) => primitiveCase('where', triple, {})),
];
