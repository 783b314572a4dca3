import type { Network } from '@ntk/tensor';
import type { PeerProblem } from './run-peer.ts';

/**
 * The weights of a multilayer perceptron as tooling/peers/mlp.py reads them.
 *
 * @param network - dense layers, each with a kernel and then a bias
 */
export function mlpArrays({ parameters, values }: Network): PeerProblem['arrays'] {
  return Object.fromEntries(
    parameters.map(({ shape }, i) => [`${i % 2 === 0 ? 'weight' : 'bias'}${i >> 1}`, { shape, data: values[i]! }]),
  );
}
