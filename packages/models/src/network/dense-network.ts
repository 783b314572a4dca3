import { OptionError, asDType, type DType, type Network, type Rng } from '@ntk/tensor';
import { buildNetwork } from '../layers-model/build-network.ts';
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
 * It can be written as a LayersModel. The same seed gives the same network.
 *
 * @throws {OptionError} if a width is not a positive integer
 * @throws {UnsupportedError} if the activation is unknown
 */
export function denseNetwork(options: DenseNetworkOptions): Network {
  const {
    inputs,
    hidden,
    outputs,
    activation = 'tanh',
    outputActivation = 'linear',
    initializer = 'glorotUniform',
    rng,
    name = 'dense_network',
    dtype = 'float32',
  } = options;
  const widths = [inputs, ...hidden, outputs];
  const wrong = widths.find((width) => !Number.isInteger(width) || width < 1);
  if (wrong !== undefined)
    throw new OptionError(
      `denseNetwork: got the width ${wrong}, expected positive integers for inputs, hidden and outputs`,
    );
  const layers = widths
    .slice(1)
    .map((units, i) => ({ name: i === 0 ? 'dense' : `dense_${i}`, units, inputs: widths[i]! }));
  const config = {
    name,
    layers: layers.map((layer, i) => ({
      class_name: 'Dense',
      config: {
        name: layer.name,
        trainable: true,
        ...(i === 0 && { batch_input_shape: [null, inputs] }),
        dtype: 'float32',
        units: layer.units,
        activation: i === hidden.length ? outputActivation : activation,
        use_bias: true,
      },
    })),
  };
  const weights = layers.flatMap((layer) => [
    {
      name: `${layer.name}/kernel`,
      shape: [layer.inputs, layer.units],
      values: asDType(initialKernel(initializer, layer.inputs, layer.units, rng.fork(layer.name)), dtype),
    },
    { name: `${layer.name}/bias`, shape: [layer.units], values: asDType(new Float64Array(layer.units), dtype) },
  ]);
  return buildNetwork({ class_name: 'Sequential', config }, weights, { label: 'denseNetwork', outputMode: 'logits' });
}
