import { type Program, ProgramBuilder, ShapeError, type Tensor } from '@ntk/tensor';
import { checkCompatible, hasTag } from '../checks.ts';
import { matrix } from '../dense/matrix.ts';
import type { LinearOperator, Tag } from '../operator.ts';
import { BlockPrograms } from './block-programs.ts';
import { defineOperator } from './define.ts';
import type { TagOptions } from './dense.ts';
import { diagonal, toMatrix } from './probe.ts';

const INHERITED: readonly Tag[] = ['symmetric', 'positive-definite', 'diagonal'];

/**
 * The sum of operators, such as K + Σ.
 *
 * It has the tags that all terms have, and those given.
 *
 * @param terms - at least one, all of the same shape, dtype and backend; borrowed for the life of the sum
 * @throws {ShapeError | DTypeError | OwnershipError} if they differ
 *
 * Cost of matmul: one of each term. `toMatrix` and `diagonal` add in float64 what the terms give.
 */
export function sumOperator(terms: readonly LinearOperator[], options: TagOptions = {}): LinearOperator {
  return sumOf(terms, new Set([...inheritedTags(terms), ...(options.tags ?? [])]), []);
}

/** The sum; the operators in `owned` are disposed with it. */
function sumOf(
  terms: readonly LinearOperator[],
  tags: ReadonlySet<Tag>,
  owned: readonly LinearOperator[],
): LinearOperator {
  const { shape, dtype, backend } = checkCompatible(terms, 'sumOperator');
  const [rows, columns] = shape;
  for (const { shape: other } of terms) {
    if (other[0] !== rows || other[1] !== columns) {
      throw new ShapeError(
        `sumOperator: got terms of ${rows} × ${columns} and ${other[0]} × ${other[1]}, expected equal shapes`,
      );
    }
  }
  const programs = new BlockPrograms(backend, dtype, (k) => sumProgram(k, rows, terms.length));
  return defineOperator({
    name: 'sumOperator',
    shape,
    dtype,
    backend,
    tags,
    matmul: async (x, k) => {
      const products: Tensor[] = [];
      try {
        for (const term of terms) products.push(await term.matmul(x)); // [k, rows]
        return await programs.run(k, products);
      } finally {
        for (const product of products) product.dispose();
      }
    },
    transpose: () => {
      const transposes = terms.map((term) => term.transpose());
      return sumOf(transposes, tags, transposes);
    },
    diagonal: async () => {
      const result = new Float64Array(Math.min(rows, columns));
      for (const term of terms) addTo(result, await diagonal(term));
      return result;
    },
    toMatrix: async () => {
      const result = matrix(rows, columns);
      for (const term of terms) addTo(result.data, (await toMatrix(term)).data);
      return result;
    },
    dispose: () => {
      programs.dispose();
      for (const operator of owned) operator.dispose();
    },
  });
}

function inheritedTags(terms: readonly LinearOperator[]): Tag[] {
  return INHERITED.filter((tag) => terms.every((term) => hasTag(term, tag)));
}

function addTo(sum: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}

function sumProgram(k: number, rows: number, count: number): Program {
  const b = new ProgramBuilder('sumMatmul');
  const values = Array.from({ length: count }, (_, i) => b.input(`y${i}`, [k, rows]));
  b.output(
    'y',
    values.reduce((sum, value) => b.add(sum, value)),
  );
  return b.build();
}
