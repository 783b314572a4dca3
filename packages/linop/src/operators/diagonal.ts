import { type Backend, type DType, type Program, ProgramBuilder, asDType } from '@ntk/tensor';
import { matrix } from '../dense/matrix.ts';
import type { LinearOperator, Tag } from '../operator.ts';
import { BlockPrograms } from './block-programs.ts';
import { defineOperator } from './define.ts';
import type { Placement } from './dense.ts';

/**
 * Makes the operator diag(values), such as noise variances.
 *
 * Tagged `diagonal`, and `positive-definite` if no value is negative.
 *
 * @param values - the diagonal, [n]; copied, and kept in float64 for `diagonal()` and `toMatrix()`
 * @throws {UnsupportedError} if the backend lacks the dtype
 *
 * Cost of matmul: k·n multiplications on the backend.
 */
export function diagonalOperator(values: Float64Array, placement: Placement): LinearOperator {
  const { backend, dtype = 'float64' } = placement;
  return operatorOf(values.slice(), backend, dtype);
}

function operatorOf(values: Float64Array, backend: Backend, dtype: DType): LinearOperator {
  const n = values.length;
  const tensor = backend.upload(asDType(values, dtype), [n]);
  const programs = new BlockPrograms(backend, dtype, (k) => diagonalProgram(k, n));
  return defineOperator({
    name: 'diagonalOperator',
    shape: [n, n],
    dtype,
    backend,
    tags: new Set<Tag>(values.every((value) => value >= 0) ? ['diagonal', 'positive-definite'] : ['diagonal']),
    matmul: (x, k) => programs.run(k, [x, tensor]), // [k, n]
    transpose: () => operatorOf(values, backend, dtype),
    diagonal: () => Promise.resolve(values.slice()),
    toMatrix: () => {
      const result = matrix(n, n);
      for (let i = 0; i < n; i++) result.data[i * n + i] = values[i]!;
      return Promise.resolve(result);
    },
    dispose: () => {
      programs.dispose();
      tensor.dispose();
    },
  });
}

function diagonalProgram(k: number, n: number): Program {
  const b = new ProgramBuilder('diagonalMatmul');
  const x = b.input('x', [k, n]);
  const d = b.input('d', [n]);
  b.output('y', b.mul(x, d));
  return b.build();
}
