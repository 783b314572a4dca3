import type { LinearOperator, Matrix, Placement } from '@ntk/linop';

/**
 * Where the vectors of an iteration live, and the few operations that it needs on blocks of them, [k, n].
 *
 * Numbers of one vector (step lengths, dot products) are float64 on the host everywhere.
 */
export interface VectorSpace<V> {
  /** Where an operator that only this space uses, such as a preconditioner, is best placed. */
  readonly placement: Required<Placement>;
  /** Copies a host block into the space. */
  load(block: Matrix): Promise<V>;
  /** Copies a block out to the host. */
  read(x: V): Promise<Matrix>;
  /** A x for each row; crosses to the dtype and the backend of A and back where they differ from the space's. */
  product(A: LinearOperator, x: V): Promise<V>;
  /** y_i + alpha_i x_i for each row i; it consumes y. Rows with alpha_i = 0 keep y_i where x_i is finite. */
  addScaled(y: V, alpha: Float64Array, x: V): Promise<V>;
  copy(x: V): Promise<V>;
  /** The dot products of the rows of each pair, one array [k] a pair. */
  dots(...pairs: readonly (readonly [V, V])[]): Promise<Float64Array[]>;
  /** A copy of some rows, in the order given. */
  select(x: V, rows: readonly number[]): Promise<V>;
  /** Gives a block back; it is not used afterwards. */
  release(x: V): void;
  /** Releases all blocks that were not given back. */
  dispose(): void;
}
