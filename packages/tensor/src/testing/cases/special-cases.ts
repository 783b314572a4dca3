import { ProgramBuilder } from '../../builder.ts';
import type { Attributes, BinaryPrimitive, Primitive, UnaryPrimitive } from '../../primitives/attributes.ts';
import type { Program } from '../../program.ts';
import type { Shape } from '../../shape.ts';

/** A primitive on values that are not numbers, infinite, or so large that the function has reached its limit. */
export interface SpecialCase {
  readonly name: string;
  readonly op: Primitive;
  readonly program: Program;
  readonly inputs: readonly (readonly number[])[];
  readonly expected: readonly number[];
}

function special<P extends Primitive>(
  name: string,
  op: P,
  operands: readonly (readonly [shape: Shape, values: readonly number[]])[],
  attributes: Attributes[P],
  expected: readonly number[],
): SpecialCase {
  const b = new ProgramBuilder(op);
  const values = operands.map(([shape], i) => b.input(`x${i}`, shape));
  b.output('y', b.emit(op, values, attributes));
  return { name: `${op}: ${name}`, op, program: b.build(), inputs: operands.map(([, data]) => data), expected };
}

/** An elementwise primitive on rows of operands, each followed by the result. */
function rows<P extends UnaryPrimitive | BinaryPrimitive | 'where'>(
  op: P,
  name: string,
  table: readonly (readonly number[])[],
): SpecialCase {
  const arity = table[0]!.length - 1;
  const column = (i: number): number[] => table.map((row) => row[i]!);
  const operands = Array.from({ length: arity }, (_, i) => [[table.length], column(i)] as const);
  return special(name, op, operands, {}, column(arity));
}

const NONE = NaN;
const INF = Infinity;

const elementwise: readonly SpecialCase[] = [
  rows('neg', 'keeps NaN', [
    [NONE, NONE],
    [INF, -INF],
  ]),
  rows('abs', 'keeps NaN', [
    [NONE, NONE],
    [-INF, INF],
  ]),
  rows('sign', 'of infinities and zero', [
    [INF, 1],
    [-INF, -1],
    [0, 0],
  ]),
  rows('relu', 'keeps NaN', [
    [NONE, NONE],
    [INF, INF],
    [-INF, 0],
    [0, 0],
  ]),
  rows('exp', 'reaches its limits', [
    [NONE, NONE],
    [INF, INF],
    [-INF, 0],
    [1000, INF],
    [-1000, 0],
    [0, 1],
  ]),
  rows('log', 'outside its domain', [
    [NONE, NONE],
    [INF, INF],
    [0, -INF],
    [-1, NONE],
    [1, 0],
  ]),
  rows('sqrt', 'outside its domain', [
    [NONE, NONE],
    [INF, INF],
    [0, 0],
    [-1, NONE],
  ]),
  rows('tanh', 'reaches its limits', [
    [NONE, NONE],
    [INF, 1],
    [-INF, -1],
    [400, 1],
    [-400, -1],
    [0, 0],
  ]),
  rows('sigmoid', 'reaches its limits', [
    [NONE, NONE],
    [INF, 1],
    [-INF, 0],
    [1000, 1],
    [-1000, 0],
    [0, 0.5],
  ]),
  rows('erf', 'reaches its limits', [
    [NONE, NONE],
    [INF, 1],
    [-INF, -1],
    [30, 1],
    [-30, -1],
    [0, 0],
  ]),
  rows('add', 'of infinities', [
    [INF, 1, INF],
    [INF, -INF, NONE],
    [NONE, 1, NONE],
  ]),
  rows('sub', 'of infinities', [
    [INF, INF, NONE],
    [1, INF, -INF],
  ]),
  rows('mul', 'of infinities', [
    [INF, 0, NONE],
    [INF, -2, -INF],
    [0, NONE, NONE],
  ]),
  rows('div', 'by zero', [
    [1, 0, INF],
    [-1, 0, -INF],
    [0, 0, NONE],
    [1, INF, 0],
    [INF, INF, NONE],
  ]),
  rows('maximum', 'keeps NaN on either side', [
    [NONE, 1, NONE],
    [1, NONE, NONE],
    [-INF, 1, 1],
    [INF, 1, INF],
  ]),
  rows('minimum', 'keeps NaN on either side', [
    [NONE, 1, NONE],
    [1, NONE, NONE],
    [-INF, 1, -INF],
    [INF, 1, 1],
  ]),
  rows('greater', 'is false for NaN', [
    [NONE, 1, 0],
    [1, NONE, 0],
    [INF, 1, 1],
    [INF, INF, 0],
  ]),
  rows('greaterEqual', 'is false for NaN', [
    [NONE, NONE, 0],
    [INF, INF, 1],
    [-INF, 1, 0],
  ]),
  rows('equal', 'is false for NaN', [
    [NONE, NONE, 0],
    [INF, INF, 1],
    [INF, -INF, 0],
    [0, -0, 1],
  ]),
  // A where computed as c·a + (1 − c)·b fails here: derivatives divide by zero in branches that are not taken.
  rows('where', 'lets nothing through from the other side', [
    [1, 2, NONE, 2],
    [0, NONE, 3, 3],
    [1, INF, 3, INF],
    [0, INF, 3, 3],
    [-2, 5, 6, 5],
  ]),
];

const linear: readonly SpecialCase[] = [
  special(
    'keeps NaN and infinities in their rows',
    'sum',
    [
      [
        [4, 2],
        [1, 2, NONE, 1, INF, -INF, INF, 1],
      ],
    ],
    { axes: [1] },
    [3, NONE, NONE, INF],
  ),
  special(
    'keeps NaN wherever it stands',
    'max',
    [
      [
        [4, 3],
        [1, 3, 2, NONE, 5, 1, 5, 1, NONE, -INF, -INF, -INF],
      ],
    ],
    { axes: [1] },
    [3, NONE, NONE, -INF],
  ),
  special(
    'multiplies infinities by zero, in their rows alone',
    'matmul',
    [
      [
        [3, 2],
        [1, 2, NONE, 0, INF, 1],
      ],
      [
        [2, 2],
        [1, 0, 1, 1],
      ],
    ],
    { transposeA: false, transposeB: false },
    [3, 2, NONE, NONE, INF, NONE],
  ),
];

const movement: readonly SpecialCase[] = [
  special('puts zeros beside NaN', 'pad', [[[2], [NONE, INF]]], { axis: 0, before: 1, after: 1, step: 2 }, [
    0,
    NONE,
    0,
    INF,
    0,
  ]),
  special('leaves NaN out', 'slice', [[[4], [NONE, 1, NONE, 2]]], { axis: 0, start: 1, end: -1, step: 2 }, [1, 2]),
  special(
    'spreads nothing',
    'concat',
    [
      [[1], [NONE]],
      [[2], [1, -INF]],
    ],
    { axis: 0 },
    [NONE, 1, -INF],
  ),
  special(
    'moves NaN',
    'transpose',
    [
      [
        [2, 2],
        [1, NONE, INF, 4],
      ],
    ],
    { permutation: [1, 0] },
    [1, INF, NONE, 4],
  ),
  special(
    'stretches NaN',
    'broadcastTo',
    [
      [
        [2, 1],
        [NONE, 1],
      ],
    ],
    { shape: [2, 2] },
    [NONE, NONE, 1, 1],
  ),
];

/** What every primitive does with NaN, infinities and values beyond the range of its function. */
export const specialCases: readonly SpecialCase[] = [...elementwise, ...linear, ...movement];
