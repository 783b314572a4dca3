import {
  BlockPrograms,
  type LinearOperator,
  type Matrix,
  type Placement,
  type Tag,
  defineOperator,
  transposeMatrix,
} from '@ntk/linop';
import { type Program, ProgramBuilder, type Tensor, asDType } from '@ntk/tensor';

/** The numbers of diag(post) (I − VᵀV) diag(pre). */
export interface Deflation {
  /** [n] */
  readonly pre: Float64Array;
  /** [n] */
  readonly post: Float64Array;
  /** Orthogonal rows of norm below 1, [r, n]. */
  readonly v: Matrix;
}

/**
 * The operator diag(post) (I − VᵀV) diag(pre); positive definite where pre and post are equal.
 *
 * V is kept in both orders: a product with a transposed operand costs some engines ten times as much.
 *
 * @param deflation - borrowed for the life of the operator
 *
 * Cost of matmul: 2·k·r·n multiply-adds on the backend.
 */
export function deflationOperator(deflation: Deflation, placement: Required<Placement>): LinearOperator {
  const { pre, post, v } = deflation;
  const { backend, dtype } = placement;
  const [r, n] = [v.rows, v.columns];
  const upload = (data: Float64Array, shape: readonly number[]): Tensor => backend.upload(asDType(data, dtype), shape);
  const constants =
    r === 0
      ? [upload(pre, [n]), upload(post, [n])]
      : [upload(pre, [n]), upload(post, [n]), upload(v.data, [r, n]), upload(transposeMatrix(v).data, [n, r])];
  const programs = new BlockPrograms(backend, dtype, (k) => deflationProgram(k, n, r));
  return defineOperator({
    name: 'deflationOperator',
    shape: [n, n],
    dtype,
    backend,
    tags: new Set<Tag>(pre === post ? ['positive-definite'] : []),
    matmul: (x, k) => programs.run(k, [x, ...constants]), // [k, n]
    transpose: () => deflationOperator({ pre: post, post: pre, v }, placement),
    dispose: () => {
      programs.dispose();
      for (const tensor of constants) tensor.dispose();
    },
  });
}

function deflationProgram(k: number, n: number, r: number): Program {
  const b = new ProgramBuilder('deflation');
  const x = b.input('x', [k, n]);
  const pre = b.input('pre', [n]);
  const post = b.input('post', [n]);
  const v = r === 0 ? undefined : { rows: b.input('v', [r, n]), columns: b.input('vTransposed', [n, r]) };
  const y = b.mul(x, pre);
  const rest = v === undefined ? y : b.sub(y, b.matmul(b.matmul(y, v.columns), v.rows));
  b.output('y', b.mul(rest, post));
  return b.build();
}
