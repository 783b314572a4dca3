import { denseNetwork } from '@ntk/models';
import { Rng, type Network } from '@ntk/tensor';

/** A network of the speed suites and inputs for it. */
export interface SpeedProblem {
  readonly network: Network;
  /** [n, 2] */
  readonly x: Float32Array;
  readonly n: number;
  readonly rng: Rng;
}

/** MLP 2-500-500-2, tanh, at random weights, on n random inputs: the network of the paper's incidence experiment. */
export function incidenceMlp(n: number, seed: number): SpeedProblem {
  const rng = new Rng(seed);
  const network = denseNetwork({ inputs: 2, hidden: [500, 500], outputs: 2, rng: rng.fork('weights') });
  return { network, x: new Float32Array(rng.normals(2 * n)), n, rng };
}
