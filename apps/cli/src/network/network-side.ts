import type { NetworkSide } from '@ntk/adapt';
import { exampleShape, outputCount, type Network } from '@ntk/tensor';

/** What a table must fit of a network. */
export function networkSide(network: Network): NetworkSide {
  return { name: network.meta.name, exampleShape: exampleShape(network), outputs: outputCount(network) };
}
