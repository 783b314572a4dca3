import { OptionError, allocate, asDType, type DType, type Network, type Rng } from '@ntk/tensor';
import type { JsonObject } from '../json.ts';
import { buildNetwork, type Weight } from '../layers-model/build-network.ts';
import { initialKernel, type Initializer } from './initializers.ts';

/** The shape of a fully connected network and how it starts. */
export interface DenseNetworkOptions {
  /** Numbers an example holds. */
  readonly inputs: number;
  /** Width of each hidden layer. */
  readonly hidden: readonly number[];
  readonly outputs: number;
  /** Of the hidden layers, by its Keras name ('relu', 'swish', …); tanh by default. */
  readonly activation?: string;
  /** Of the outputs; it is split off, so that the network gives logits. None by default. */
  readonly outputActivation?: 'softmax' | 'sigmoid';
  /** Of the kernels; biases start at zero. glorotUniform by default. */
  readonly initializer?: Initializer;
  readonly rng: Rng;
  readonly name?: string;
  /** Of the values; float32 by default, so that writing them to a file loses nothing. */
  readonly dtype?: DType;
}

/**
 * An untrained fully connected network: layers dense, dense_1, … each with a kernel [inputs, units] and a bias [units].
 *
 * It can be written as a LayersModel; TensorFlow.js then loads it unless the activation is one that it lacks (leaky_relu, exponential) or
 * cannot read back (gelu_new). The same seed gives the same network.
 *
 * @throws {OptionError} if a width is not a positive integer
 * @throws {UnsupportedError} if the activation is unknown
 */
export function denseNetwork(options: DenseNetworkOptions): Network {
  const { inputs, hidden, outputs, name = 'dense_network' } = options;
  const widths = [inputs, ...hidden, outputs];
  const wrong = widths.find((width) => !Number.isInteger(width) || width < 1);
  if (wrong !== undefined) {
    throw new OptionError(
      `denseNetwork: got the width ${wrong}, expected positive integers for inputs, hidden and outputs`,
    );
  }
  const layers = widths
    .slice(1)
    .map((units, i) => ({ name: i === 0 ? 'dense' : `dense_${i}`, fanIn: widths[i]!, units }));
  const topology = {
    class_name: 'Sequential',
    config: { name, layers: layers.map((layer, i) => layerJson(layer, i, options)) },
  };
  const weights = layers.flatMap((layer) => initialWeights(layer, options));
  return buildNetwork(topology, weights, { label: 'denseNetwork', outputMode: 'logits' });
}

interface DenseLayer {
  readonly name: string;
  readonly fanIn: number;
  readonly units: number;
}

/** The layer as a model.json describes it. */
function layerJson({ name, fanIn, units }: DenseLayer, index: number, options: DenseNetworkOptions): JsonObject {
  const { hidden, activation = 'tanh', outputActivation = 'linear' } = options;
  const named = index === hidden.length ? outputActivation : activation;
  const config = {
    name,
    trainable: true,
    ...(index === 0 && { batch_input_shape: [null, fanIn] }),
    dtype: 'float32',
    units,
    // TensorFlow.js knows the function by its other name only.
    activation: named === 'silu' ? 'swish' : named,
    use_bias: true,
  };
  return { class_name: 'Dense', config };
}

function initialWeights({ name, fanIn, units }: DenseLayer, options: DenseNetworkOptions): Weight[] {
  const { rng, initializer = 'glorotUniform', dtype = 'float32' } = options;
  const kernel = initialKernel(initializer, fanIn, units, rng.fork(name));
  return [
    { name: `${name}/kernel`, shape: [fanIn, units], values: asDType(kernel, dtype) },
    { name: `${name}/bias`, shape: [units], values: allocate(dtype, units) },
  ];
}
