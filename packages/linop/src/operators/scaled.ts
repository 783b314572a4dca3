import { type Program, ProgramBuilder } from '@ntk/tensor';
import type { LinearOperator, Tag } from '../operator.ts';
import { BlockPrograms } from './block-programs.ts';
import { defineOperator } from './define.ts';
import { diagonal, toMatrix } from './probe.ts';

/**
 * alpha A, such as a kernel times its prior variance.
 *
 * It has the tags of A, but for `positive-definite` where alpha is negative.
 *
 * @param A - borrowed for the life of the operator
 * @param alpha - in float64, rounded to the dtype of A in products
 *
 * Cost of matmul: one of A. `toMatrix` and `diagonal` multiply in float64 what A gives.
 */
export function scaledOperator(A: LinearOperator, alpha: number): LinearOperator {
  return scale(A, alpha, []);
}

function scale(A: LinearOperator, alpha: number, owned: readonly LinearOperator[]): LinearOperator {
  const { shape, dtype, backend } = A;
  const factor = backend.upload(dtype === 'float64' ? Float64Array.of(alpha) : Float32Array.of(alpha), []);
  const programs = new BlockPrograms(backend, dtype, (k) => scaleProgram(k, shape[0]));
  return defineOperator({
    name: 'scaledOperator',
    shape,
    dtype,
    backend,
    tags: new Set<Tag>([...A.tags].filter((tag) => alpha >= 0 || tag !== 'positive-definite')),
    matmul: async (x, k) => {
      using product = await A.matmul(x); // [k, rows]
      return await programs.run(k, [product, factor]);
    },
    transpose: () => {
      const transpose = A.transpose();
      return scale(transpose, alpha, [transpose]);
    },
    diagonal: async () => (await diagonal(A)).map((value) => alpha * value),
    toMatrix: async () => {
      const result = await toMatrix(A);
      for (let i = 0; i < result.data.length; i++) result.data[i]! *= alpha;
      return result;
    },
    dispose: () => {
      programs.dispose();
      factor.dispose();
      for (const operator of owned) operator.dispose();
    },
  });
}

function scaleProgram(k: number, rows: number): Program {
  const b = new ProgramBuilder('scaledMatmul');
  const y = b.input('y', [k, rows]);
  const factor = b.input('alpha', []);
  b.output('alphaY', b.mul(y, factor));
  return b.build();
}
