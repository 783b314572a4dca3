import type { Shape } from '../../shape.ts';
import { primitiveCase, type PrimitiveCase } from './primitive-case.ts';

interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Leading axes of the two operands. */
  readonly batches?: readonly [Shape, Shape];
}

const PRODUCTS: readonly Product[] = [
  { m: 1, k: 1, n: 1 },
  { m: 3, k: 4, n: 5 },
  { m: 1, k: 7, n: 1 },
  { m: 5, k: 1, n: 3 },
  { m: 1, k: 3, n: 6 },
  { m: 6, k: 3, n: 1 },
  // Larger than a native kernel's tiles, and no multiple of them.
  { m: 33, k: 70, n: 65 },
  { m: 2, k: 3, n: 4, batches: [[3], [3]] },
  { m: 2, k: 3, n: 4, batches: [[5], []] },
  { m: 2, k: 3, n: 4, batches: [[], [5]] },
  { m: 2, k: 3, n: 4, batches: [[5, 1], [3]] },
  {
    m: 2,
    k: 3,
    n: 4,
    batches: [
      [1, 3],
      [5, 1],
    ],
  },
  { m: 2, k: 3, n: 1, batches: [[2, 3], [3]] },
  // k right-hand sides [7, 4, …] against what 4 examples share or own.
  { m: 3, k: 2, n: 5, batches: [[7, 4], []] },
  { m: 3, k: 2, n: 5, batches: [[4], [7, 4]] },
  { m: 1, k: 6, n: 2, batches: [[7, 4], [4]] },
  { m: 0, k: 3, n: 2 },
  { m: 2, k: 0, n: 3 },
  { m: 2, k: 3, n: 4, batches: [[0], [1]] },
];

const FLAGS = [
  { transposeA: false, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: false },
  { transposeA: true, transposeB: true },
] as const;

/** Products of every kind of batch, with every combination of flags. */
export const matmulCases: readonly PrimitiveCase[] = PRODUCTS.flatMap(({ m, k, n, batches = [[], []] }) =>
  FLAGS.map((flags) =>
    primitiveCase(
      'matmul',
      [
        [...batches[0], ...(flags.transposeA ? [k, m] : [m, k])],
        [...batches[1], ...(flags.transposeB ? [n, k] : [k, n])],
      ],
      flags,
    ),
  ),
);
