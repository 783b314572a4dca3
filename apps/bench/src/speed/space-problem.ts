import { denseNetwork } from '@ntk/models';
import type { Backend, Network, Rng } from '@ntk/tensor';
import { meanDiagonal } from './mean-diagonal.ts';

/** A network, data of one output, and the two variances. */
export interface SpaceProblem {
  readonly network: Network;
  /** Of an example. */
  readonly inputs: number;
  /** [n, inputs] */
  readonly x: Float32Array;
  /** [n] */
  readonly y: Float64Array;
  /** [m, inputs] */
  readonly test: Float32Array;
  readonly priorVariance: number;
  readonly noiseVariance: number;
}

/** Hidden widths and examples. */
export interface SpaceSize {
  readonly hidden: readonly number[];
  readonly n: number;
}

/** Sizes of one of the paper's figures. */
interface Sweep {
  readonly title: string;
  readonly sizes: readonly SpaceSize[];
}

/**
 * The two figures of the paper, with ELU networks of five inputs: time against n for p = 0.8 million, up to where parameter space takes half a minute, and time
 * against p for n = 1,000. And time against n for few parameters, where parameter space wins.
 */
export const SWEEPS: Readonly<Record<string, Sweep>> = {
  examples: {
    title: 'time against n, MLP 5-200-2000-200-1',
    sizes: [100, 300, 1000].map((n) => ({ hidden: [200, 2000, 200], n })),
  },
  'examples-few-parameters': {
    title: 'time against n, MLP 5-10-20-10-1',
    sizes: [300, 1000, 3000, 8000].map((n) => ({ hidden: [10, 20, 10], n })),
  },
  parameters: {
    title: 'time against p, n = 1,000',
    sizes: [
      [10, 20, 10],
      [30, 100, 30],
      [100, 300, 100],
      [200, 2000, 200],
    ].map((hidden) => ({ hidden, n: 1000 })),
  },
};

const INPUTS = 5;

/** Test points of every size. */
export const TEST_POINTS = 10;

/** Targets are noisy sines of the first input; the kernel's mean diagonal is 1 and the noise variance 0.02. */
export async function spaceProblem(backend: Backend, { hidden, n }: SpaceSize, rng: Rng): Promise<SpaceProblem> {
  const network = denseNetwork({ inputs: INPUTS, hidden, outputs: 1, activation: 'elu', rng: rng.fork('weights') });
  const x = new Float32Array(rng.normals(n * INPUTS));
  const y = Float64Array.from({ length: n }, (_, i) => Math.sin(x[i * INPUTS]!) + 0.1 * rng.normal());
  const test = new Float32Array(rng.normals(TEST_POINTS * INPUTS));
  const priorVariance = 1 / (await meanDiagonal(network, x, backend));
  return { network, inputs: INPUTS, x, y, test, priorVariance, noiseVariance: 0.02 };
}
