import type { Network } from '@ntk/tensor';
import type { PeerProblem } from './run-peer.ts';

/** A multilayer perceptron, s² and σ². */
export interface MlpSetting {
  /** Dense layers, each with a kernel and then a bias. */
  readonly network: Network;
  readonly activation: 'tanh' | 'elu';
  readonly priorVariance: number;
  readonly noiseVariance: number;
}

/** A problem on a perceptron, as tooling/peers/mlp.py and finite_ntk.py read it, with what else the script asks for; on two threads. */
export function mlpProblem(
  { network: { parameters, values }, activation, priorVariance, noiseVariance }: MlpSetting,
  { arrays, settings }: PeerProblem,
): PeerProblem {
  const weights = parameters.map(
    ({ shape }, i) => [`${i % 2 === 0 ? 'weight' : 'bias'}${i >> 1}`, { shape, data: values[i]! }] as const,
  );
  return {
    arrays: { ...arrays, ...Object.fromEntries(weights) },
    settings: { ...settings, layers: parameters.length / 2, activation, priorVariance, noiseVariance, threads: 2 },
  };
}
