import type { LinearOperator } from '@ntk/linop';
import { asDType } from '@ntk/tensor';

/** A x for x [k, columns], on the host. */
export async function apply(operator: LinearOperator, x: Float64Array): Promise<Float64Array> {
  const { backend, dtype, shape } = operator;
  const columns = shape[1];
  using input = backend.upload(asDType(x, dtype), [x.length / columns, columns]);
  using output = await operator.matmul(input);
  return Float64Array.from(await backend.read(output));
}
