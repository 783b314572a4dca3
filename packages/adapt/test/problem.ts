import { denseNetwork } from '@ntk/models';
import { Rng, cpuBackend, forward, type Backend, type Network } from '@ntk/tensor';

/** A small network and a target task that is nearly what the network already does. */
export interface Problem {
  readonly network: Network;
  readonly backend: Backend;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly xTest: Float64Array;
}

/** n examples with d inputs; targets are the network's outputs, shifted by a smooth function of the inputs, and noise. */
export async function makeProblem(
  options: { n?: number; outputs?: number; shift?: number; seed?: number; hidden?: readonly number[] } = {},
): Promise<Problem> {
  const { n = 24, outputs = 1, shift = 1, seed = 3, hidden = [8, 8] } = options;
  const rng = new Rng(seed);
  const backend = cpuBackend();
  const network = denseNetwork({ inputs: 2, hidden, outputs, rng: rng.fork('network') });
  const x = rng.normals(n * 2);
  using f = await forward(network, x, { backend });
  const values = await backend.read(f);
  const y = Float64Array.from(values, (value, i) => {
    const example = Math.floor(i / outputs);
    return value + shift * Math.sin(x[2 * example]! + (i % outputs)) + 0.1 * rng.normal();
  });
  return { network, backend, x, y, xTest: rng.normals(2 * 15) };
}
