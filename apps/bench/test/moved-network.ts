import { forward, type Backend, type Network } from '@ntk/tensor';

/** The network with its parameters at θ̂ + step · v; moving statistics are none of them. */
export function shift(network: Network, v: Float64Array, step: number): Network {
  let start = 0;
  const values = network.values.map((value, i) => {
    if (!network.parameters[i]!.trainable) return value;
    const moved = Float64Array.from(value, (w, at) => w + step * v[start + at]!);
    start += value.length;
    return moved;
  });
  return { ...network, values };
}

/** f(x), in the precision of x. */
export async function outputsOf(network: Network, x: Float64Array, backend: Backend): Promise<Float64Array> {
  using f = await forward(network, x, { backend });
  return Float64Array.from(await backend.read(f));
}
