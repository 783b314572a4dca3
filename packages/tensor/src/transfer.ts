import type { Backend, Tensor } from './backend.ts';
import { asDType, type DType } from './dtype.ts';

/**
 * Copies a tensor to a backend, or to another dtype: the one place where data cross between backends.
 *
 * @returns a tensor of `backend` in `dtype` (that of the source unless named); the caller disposes it. It shares no memory with the source.
 */
export async function transfer(
  tensor: Tensor,
  backend: Backend,
  options: { readonly dtype?: DType } = {},
): Promise<Tensor> {
  const data = await tensor.backend.read(tensor);
  const dtype = options.dtype ?? tensor.dtype;
  // What `read` returned may be a view that dies with the source, and `upload` may keep what it is given.
  return backend.upload(dtype === tensor.dtype ? data.slice() : asDType(data, dtype), tensor.shape);
}
