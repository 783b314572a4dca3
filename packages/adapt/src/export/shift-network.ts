import { OptionError, sizeOf, type Network } from '@ntk/tensor';
import type { StoredPosterior } from '../file/stored-posterior.ts';

/**
 * The adapted network as an ordinary network, f(x; θ̂ + w), its values rounded to float32 as files hold them.
 *
 * It is equal to the posterior mean f(x; θ̂) + J(x) w to first order in w only: compare the two on inputs before it is used. There is no such network for a
 * prior mean other than the network, whose outputs f would keep, or for several weight vectors.
 *
 * @throws {OptionError} for these, with the reason
 */
export function shiftNetwork({ network, layers, outputs, mean, weights }: StoredPosterior): Network {
  if (mean !== 'network') {
    throw new OptionError(
      `there is no network of this posterior: its prior mean is ${mean}, and moving the weights keeps the network's own outputs; adapt with mean network`,
    );
  }
  if (outputs !== 'full') {
    throw new OptionError(
      `there is no network of this posterior: outputs ${outputs} have ${weights.rows} weight vectors, a network one; adapt with outputs full`,
    );
  }
  let offset = 0;
  const values = network.parameters.map(({ layer, trainable, shape }, i) => {
    if (!trainable || !layers.includes(layer)) return network.values[i]!;
    const start = offset;
    offset += sizeOf(shape);
    return Float32Array.from(network.values[i]!, (value, j) => value + weights.data[start + j]!);
  });
  return { ...network, values };
}
