import { openData, randomCifarResnet, readCifarResnet } from '@ntk/datasets';
import { categoricalLikelihood, gaussianLikelihood, type Likelihood } from '@ntk/jacobian';
import { denseNetwork, parseLayersModel, transformerNetwork } from '@ntk/models';
import { OptionError, Rng, exampleShape, sizeOf, type Network } from '@ntk/tensor';

/** A network of the speed suites and inputs for it. */
export interface SpeedProblem {
  readonly title: string;
  /** How a peer puts the network together from its parameters. */
  readonly kind: 'mlp' | 'resnet' | 'transformer';
  readonly network: Network;
  /** [n, …exampleShape] */
  readonly x: Float32Array<ArrayBuffer>;
  readonly n: number;
  /** Of the outputs, for the Gauss-Newton product. */
  readonly likelihood: Likelihood;
  /** The variance of a Gaussian likelihood; null where it is categorical. */
  readonly noiseVariance: number | null;
  /** Examples on which an answer is compared with the float64 reference backend: few where the network is large. */
  readonly checked: number;
  readonly rng: Rng;
}

/** The problems of the suite `products`, by name. */
export const SPEED_PROBLEMS = ['sine-mlp', 'incidence-mlp', 'resnet20', 'resnet56', 'transformer'] as const;

/** The name of one of them. */
export type SpeedProblemName = (typeof SPEED_PROBLEMS)[number];

const NOISE_VARIANCE = 0.1;

/**
 * Makes a problem: the networks of the paper's sine and incidence experiments at random weights, or the ResNets of CIFAR-10 at their trained weights
 * (random ones where those files are absent), or a transformer of one block at random weights. Inputs are standard normal.
 *
 * @throws {OptionError} if there is no problem of that name
 */
export function speedProblem(name: string, seed: number): SpeedProblem {
  const rng = new Rng(seed);
  if (name === 'sine-mlp') return mlp([1, 40, 40, 1], 300, rng);
  if (name === 'incidence-mlp') return mlp([2, 500, 500, 2], 2000, rng);
  if (name === 'resnet20' || name === 'resnet56') return resnet(name, 128, rng);
  if (name === 'transformer') return transformer(128, rng);
  throw new OptionError(`speedProblem: got '${name}', expected one of ${SPEED_PROBLEMS.join(', ')}`);
}

function mlp(widths: readonly number[], n: number, rng: Rng): SpeedProblem {
  const [inputs, outputs] = [widths[0]!, widths.at(-1)!];
  const network = denseNetwork({ inputs, hidden: widths.slice(1, -1), outputs, rng: rng.fork('weights') });
  return {
    title: `MLP ${widths.join('-')}, n = ${n}`,
    kind: 'mlp',
    network,
    x: inputsOf(network, n, rng),
    n,
    likelihood: gaussianLikelihood(NOISE_VARIANCE),
    noiseVariance: NOISE_VARIANCE,
    checked: 20,
    rng,
  };
}

function resnet(name: 'resnet20' | 'resnet56', n: number, rng: Rng): SpeedProblem {
  const folder = openData(`resnet_cifar10/${name}.bin`);
  const weightRng = rng.fork('weights');
  const { modelJson, weights } =
    folder === undefined ? randomCifarResnet(name, (count) => weightRng.normals(count)) : readCifarResnet(folder, name);
  const network = parseLayersModel(modelJson, weights, { label: name });
  return {
    title: `ResNet-${name.slice('resnet'.length)}${folder === undefined ? ' at random weights' : ''}, n = ${n}`,
    kind: 'resnet',
    network,
    x: inputsOf(network, n, rng),
    n,
    likelihood: categoricalLikelihood(10),
    noiseVariance: null,
    checked: 1,
    rng,
  };
}

function transformer(n: number, rng: Rng): SpeedProblem {
  const sizes = { steps: 32, inputs: 16, width: 64, heads: 4, blocks: 1, outputs: 10 } as const;
  const network = transformerNetwork({ ...sizes, rng: rng.fork('weights') });
  return {
    title: `transformer block, ${sizes.steps} steps of width ${sizes.width}, ${sizes.heads} heads, n = ${n}`,
    kind: 'transformer',
    network,
    x: inputsOf(network, n, rng),
    n,
    likelihood: categoricalLikelihood(sizes.outputs),
    noiseVariance: null,
    checked: 4,
    rng,
  };
}

function inputsOf(network: Network, n: number, rng: Rng): Float32Array<ArrayBuffer> {
  return new Float32Array(rng.fork('inputs').normals(n * sizeOf(exampleShape(network))));
}
