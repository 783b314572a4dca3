import { asDType, type DType, type Tensor } from '@ntk/tensor';

/**
 * Tensors in another dtype.
 *
 * @param tensors - borrowed
 * @returns new tensors on the same backends; the caller disposes them
 */
export async function inDType(tensors: readonly Tensor[], dtype: DType): Promise<Tensor[]> {
  const results: Tensor[] = [];
  try {
    for (const tensor of tensors) {
      const { backend, shape } = tensor;
      results.push(backend.upload(asDType(await backend.read(tensor), dtype), shape));
    }
    return results;
  } catch (error) {
    results.forEach((tensor) => tensor.dispose());
    throw error;
  }
}
