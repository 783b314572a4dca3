import { kernelDiagonal, linearize, type LayerSelection } from '@ntk/jacobian';
import type { Backend, Network, TypedArray } from '@ntk/tensor';

/** The mean of the kernel's diagonal on some inputs: what noise and prior variances of a suite are relative to. */
export async function meanDiagonal(
  network: Network,
  x: TypedArray,
  backend: Backend,
  layers: LayerSelection = 'all',
): Promise<number> {
  using l = await linearize(network, x, { backend, layers });
  const diagonal = await kernelDiagonal(l);
  return diagonal.reduce((sum, value) => sum + value / diagonal.length, 0);
}
