import { kernelDiagonal, linearize } from '@ntk/jacobian';
import type { Backend, Network, TypedArray } from '@ntk/tensor';

/** The prior variance at which the kernel's mean diagonal on these inputs is 1, so that a noise variance is relative to it. */
export async function unitPriorVariance(network: Network, x: TypedArray, backend: Backend): Promise<number> {
  using l = await linearize(network, x, { backend });
  const diagonal = await kernelDiagonal(l);
  return diagonal.length / diagonal.reduce((sum, value) => sum + value, 0);
}
