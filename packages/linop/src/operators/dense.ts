import {
  type Backend,
  type DType,
  type Program,
  ProgramBuilder,
  ShapeError,
  type Tensor,
  asDType,
  formatShape,
} from '@ntk/tensor';
import { type Matrix, matrix, transposeMatrix } from '../dense/matrix.ts';
import type { LinearOperator, Tag } from '../operator.ts';
import { BlockPrograms } from './block-programs.ts';
import { defineOperator } from './define.ts';

/** Options of operators made from numbers. */
export interface TagOptions {
  /** What is known about the matrix; taken on trust. */
  readonly tags?: Iterable<Tag>;
}

/** Where to put host data. */
export interface Placement {
  readonly backend: Backend;
  /** float64 by default. */
  readonly dtype?: DType;
}

/**
 * Makes an operator of a matrix that is a tensor of some backend.
 *
 * @param a - [rows, columns]; borrowed for the life of the operator
 * @throws {ShapeError} if a is not a matrix
 *
 * Cost of matmul: k·rows·columns multiply-adds on the backend.
 */
export function denseOperator(a: Tensor, options: TagOptions = {}): LinearOperator {
  const [rows, columns] = a.shape;
  if (rows === undefined || columns === undefined || a.shape.length !== 2) {
    throw new ShapeError(`denseOperator: got a tensor of shape ${formatShape(a.shape)}, expected [rows, columns]`);
  }
  return operatorOf(a, new Set(options.tags), { transposed: false, owned: false });
}

/**
 * Uploads a host matrix and makes an operator of it.
 *
 * @param a - [rows, columns]; a host backend reads it where it is, so it must not be written while the operator lives
 * @throws {UnsupportedError} if the backend lacks the dtype
 *
 * Cost of matmul: k·rows·columns multiply-adds on the backend.
 */
export function matrixOperator(a: Matrix, placement: Placement & TagOptions): LinearOperator {
  const { backend, dtype = 'float64', tags } = placement;
  const tensor = backend.upload(asDType(a.data, dtype), [a.rows, a.columns]);
  return operatorOf(tensor, new Set(tags), { transposed: false, owned: true });
}

// `transposed`: the operator is the transpose of what the tensor holds. `owned`: the operator disposes the tensor.
function operatorOf(
  tensor: Tensor,
  tags: ReadonlySet<Tag>,
  { transposed, owned }: { readonly transposed: boolean; readonly owned: boolean },
): LinearOperator {
  const { backend, dtype } = tensor;
  const stored = [tensor.shape[0]!, tensor.shape[1]!] as const;
  const programs = new BlockPrograms(backend, dtype, (k) => denseProgram(k, stored, transposed));
  // A copy, since `read` may return a view.
  const read = async (): Promise<Matrix> => matrix(...stored, Float64Array.from(await backend.read(tensor)));
  return defineOperator({
    name: 'denseOperator',
    shape: transposed ? [stored[1], stored[0]] : stored,
    dtype,
    backend,
    tags,
    matmul: (x, k) => programs.run(k, [x, tensor]), // [k, rows]
    transpose: () => operatorOf(tensor, tags, { transposed: !transposed, owned: false }),
    toMatrix: async () => (transposed ? transposeMatrix(await read()) : read()),
    diagonal: async () => {
      const data = await backend.read(tensor);
      return Float64Array.from({ length: Math.min(...stored) }, (_, i) => data[i * stored[1] + i]!);
    },
    dispose: () => {
      programs.dispose();
      if (owned) tensor.dispose();
    },
  });
}

function denseProgram(k: number, stored: readonly [number, number], transposed: boolean): Program {
  const b = new ProgramBuilder(transposed ? 'denseTransposedMatmul' : 'denseMatmul');
  const x = b.input('x', [k, transposed ? stored[0] : stored[1]]);
  const a = b.input('a', stored);
  b.output('y', b.matmul(x, a, { transposeB: !transposed }));
  return b.build();
}
