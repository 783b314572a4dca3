import type { Backend, DType, Tensor } from '@ntk/tensor';
import { checkVectors } from '../checks.ts';
import type { Matrix } from '../dense/matrix.ts';
import type { LinearOperator, Tag } from '../operator.ts';

/** What distinguishes one operator from another. */
export interface OperatorDefinition {
  /** Stands in messages. */
  readonly name: string;
  readonly shape: readonly [rows: number, columns: number];
  readonly dtype: DType;
  readonly backend: Backend;
  readonly tags: ReadonlySet<Tag>;
  /** The product with a block that has been checked to be [k, columns]. */
  readonly matmul: (x: Tensor, k: number) => Promise<Tensor>;
  readonly transpose: () => LinearOperator;
  readonly dispose: () => void;
  readonly diagonal?: () => Promise<Float64Array>;
  readonly toMatrix?: () => Promise<Matrix>;
}

/** Completes a definition with what all operators do alike: the checks at the door and `Symbol.dispose`. */
export function defineOperator(definition: OperatorDefinition): LinearOperator {
  const { name, matmul, ...members } = definition;
  const operator: LinearOperator = {
    ...members,
    matmul: async (x) => matmul(x, checkVectors(operator, x, operator.shape[1], `${name}.matmul`)),
    [Symbol.dispose]: () => definition.dispose(),
  };
  return operator;
}
