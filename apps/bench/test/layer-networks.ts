import { parseLayersModel, transformerNetwork } from '@ntk/models';
import { Rng, sizeOf, type Network } from '@ntk/tensor';

/** A layer of a Keras model: its class, its configuration, the shapes of its weights by name, and what it reads: by default the layer before it. */
interface Layer {
  readonly type: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  /** What each call of the layer reads. */
  readonly reads?: readonly (readonly Read[])[];
}

/** The number of a layer, 0 being the input; of its calls the first unless given. */
type Read = number | { readonly layer: number; readonly call: number };

function conv(type: string, kernel: readonly number[], config: Readonly<Record<string, unknown>>): Layer {
  const filters = kernel.at(-1)!;
  const kernelSize = kernel.slice(0, -2);
  const weights = { kernel, bias: [filters] };
  return { type, config: { filters, kernel_size: kernelSize, activation: 'tanh', ...config }, weights };
}

const pool = (type: string, size: number, strides: number): Layer => ({
  type,
  config: { pool_size: size, strides, padding: 'same' },
});

const dense = (inputs: number, units: number): Layer => ({
  type: 'Dense',
  config: { units },
  weights: { kernel: [inputs, units], bias: [units] },
});

const flatten: Layer = { type: 'Flatten' };

/** A recurrent layer of three units. @param gates - 1 for SimpleRNN, 3 for GRU, 4 for LSTM */
function recurrent(type: string, gates: number, inputs: number, config: Readonly<Record<string, unknown>> = {}): Layer {
  const width = 3 * gates;
  const weights = { kernel: [inputs, width], recurrent_kernel: [3, width], bias: [width] };
  return { type, config: { units: 3, ...config }, weights };
}

/** A recurrent layer in both directions. */
function bothWays({ type, config, weights = {} }: Layer, mergeMode: string): Layer {
  const inDirections = ['forward', 'backward'].flatMap((direction) =>
    Object.entries(weights).map(([name, shape]) => [`${direction}_inner/${name}`, shape] as const),
  );
  const layer = { class_name: type, config: { name: 'inner', ...config } };
  return { type: 'Bidirectional', config: { merge_mode: mergeMode, layer }, weights: Object.fromEntries(inDirections) };
}

/** Networks of layers whose derivatives are easily wrong, with random weights. */
export function layerNetworks(): Record<string, Network> {
  const networks: Record<string, readonly [readonly number[], readonly Layer[]]> = {
    "average pooling 'same', odd and even": [
      [5, 6, 2],
      [conv('Conv2D', [2, 2, 2, 3], { padding: 'same' }), pool('AveragePooling2D', 3, 2), flatten, dense(27, 2)],
    ],
    "average pooling 'same' of sequences": [
      [7, 2],
      [conv('Conv1D', [2, 2, 3], { padding: 'same' }), pool('AveragePooling1D', 3, 2), flatten, dense(12, 2)],
    ],
    'dilated convolutions': [
      [7, 6, 2],
      [
        conv('Conv2D', [3, 2, 2, 3], { padding: 'same', dilation_rate: 2 }),
        conv('Conv2D', [2, 2, 3, 2], { padding: 'valid', dilation_rate: 3 }),
        flatten,
        dense(24, 2),
      ],
    ],
    'causal dilated convolutions of sequences': [
      [9, 2],
      [conv('Conv1D', [3, 2, 3], { padding: 'causal', dilation_rate: 2 }), flatten, dense(27, 1)],
    ],
    "strided convolutions 'same', which pad one side only": [
      [6, 5, 2],
      [
        conv('Conv2D', [3, 3, 2, 4], { padding: 'same', strides: 2 }),
        conv('Conv2D', [2, 2, 2, 2], { padding: 'same', strides: [2, 1], groups: 2 }),
        flatten,
        dense(12, 2),
      ],
    ],
    'depthwise, separable and transposed convolutions': [
      [4, 5, 3],
      [
        {
          type: 'DepthwiseConv2D',
          config: { kernel_size: [3, 2], padding: 'same', depth_multiplier: 2, dilation_rate: 2 },
          weights: { depthwise_kernel: [3, 2, 3, 2], bias: [6] },
        },
        {
          type: 'SeparableConv2D',
          config: { kernel_size: [2, 2], filters: 4, padding: 'same', strides: 2, activation: 'sigmoid' },
          weights: { depthwise_kernel: [2, 2, 6, 1], pointwise_kernel: [1, 1, 6, 4], bias: [4] },
        },
        {
          type: 'Conv2DTranspose',
          config: { kernel_size: [3, 3], filters: 2, padding: 'same', strides: 2 },
          weights: { kernel: [3, 3, 2, 4], bias: [2] },
        },
        flatten,
        dense(48, 2),
      ],
    ],
    "normalisations and a maximum 'same'": [
      [5, 4, 2],
      [
        conv('Conv2D', [2, 2, 2, 3], { padding: 'same' }),
        {
          type: 'BatchNormalization',
          weights: { gamma: [3], beta: [3], moving_mean: [3], moving_variance: [3] },
        },
        { type: 'PReLU', config: { shared_axes: [1, 2] }, weights: { alpha: [1, 1, 3] } },
        pool('MaxPooling2D', 2, 2),
        { type: 'LayerNormalization', config: { axis: [3] }, weights: { gamma: [3], beta: [3] } },
        flatten,
        dense(18, 2),
      ],
    ],
    'one filter at two resolutions': [
      [6, 6, 2],
      [
        { ...conv('Conv2D', [3, 3, 2, 2], { padding: 'same' }), reads: [[0], [2]] },
        { ...pool('AveragePooling2D', 2, 2), reads: [[1]] },
        { type: 'GlobalAveragePooling2D', reads: [[{ layer: 1, call: 1 }]] },
      ],
    ],
    'one projection for queries, keys and values': [
      [4, 3],
      [
        { ...dense(3, 3), reads: [[0]] },
        { type: 'Attention', config: { use_scale: false }, reads: [[1, 1, 1]] },
        flatten,
        dense(12, 2),
      ],
    ],
    'simple recurrent layers, one of them backwards': [
      [4, 2],
      [
        recurrent('SimpleRNN', 1, 2, { return_sequences: true }),
        recurrent('SimpleRNN', 1, 3, { go_backwards: true, activation: 'softsign' }),
        dense(3, 2),
      ],
    ],
    'a GRU that resets before the product': [
      [4, 2],
      [recurrent('GRU', 3, 2), dense(3, 2)],
    ],
    'an LSTM in both directions': [
      [4, 2],
      [bothWays(recurrent('LSTM', 4, 2, { return_sequences: true }), 'mul'), flatten, dense(12, 2)],
    ],
    'an LSTM that skips steps': [
      [5, 2],
      [
        { ...dense(2, 1), config: { units: 1, activation: 'relu' } },
        { type: 'Masking' },
        recurrent('LSTM', 4, 1),
        dense(3, 2),
      ],
    ],
    'stacked cells': [
      [4, 2],
      [
        {
          type: 'RNN',
          config: {
            cell: {
              class_name: 'StackedRNNCells',
              config: {
                cells: ['GRUCell', 'LSTMCell'].map((type) => ({ class_name: type, config: { units: 3 } })),
              },
            },
          },
          weights: {
            'RNNCell_0/kernel': [2, 9],
            'RNNCell_0/recurrent_kernel': [3, 9],
            'RNNCell_0/bias': [9],
            'RNNCell_1/kernel': [3, 12],
            'RNNCell_1/recurrent_kernel': [3, 12],
            'RNNCell_1/bias': [12],
          },
        },
        dense(3, 2),
      ],
    ],
    'a recurrent layer that hands its state to the same layer': [
      [4, 3],
      [
        { ...recurrent('SimpleRNN', 1, 3), reads: [[0], [0, { layer: 1, call: 0 }]] },
        { ...dense(3, 2), reads: [[{ layer: 1, call: 1 }]] },
      ],
    ],
    'a convolution of every step': [
      [3, 5, 2],
      [
        {
          type: 'TimeDistributed',
          config: { layer: { class_name: 'Conv1D', config: { name: 'inner', filters: 2, kernel_size: 3 } } },
          weights: { kernel: [3, 2, 2], bias: [2] },
        },
        flatten,
        dense(18, 2),
      ],
    ],
    'attention by sums, and a projection over two axes': [
      [4, 3],
      [
        { ...dense(3, 3), reads: [[0]] },
        { type: 'AdditiveAttention', weights: { scale: [3] }, reads: [[1, 0, 1]] },
        {
          type: 'EinsumDense',
          config: { equation: 'ntc,tcd->nd', output_shape: 2, bias_axes: 'd' },
          weights: { kernel: [4, 3, 2], bias: [2] },
          reads: [[2]],
        },
      ],
    ],
    'a recurrent layer, whose kernels serve every step': [
      [4, 2],
      [
        {
          type: 'GRU',
          config: { units: 3, reset_after: true },
          weights: { kernel: [2, 9], recurrent_kernel: [3, 9], bias: [2, 9] },
        },
        dense(3, 2),
      ],
    ],
  };
  const rng = new Rng('layers');
  const made = Object.entries(networks).map(([name, [shape, layers]]): [string, Network] => [
    name,
    layersNetwork(shape, layers, rng),
  ]);
  const options = { steps: 3, inputs: 2, width: 4, heads: 2, blocks: 1, outputs: 2, dtype: 'float64' } as const;
  return { ...Object.fromEntries(made), 'a transformer': randomized(transformerNetwork({ ...options, rng }), rng) };
}

/** A functional model in memory. */
function layersNetwork(shape: readonly number[], layers: readonly Layer[], rng: Rng): Network {
  const nodeOf = (read: Read): unknown[] => {
    const { layer, call } = typeof read === 'number' ? { layer: read, call: 0 } : read;
    return [layer === 0 ? 'input' : `layer_${layer}`, call, 0, {}];
  };
  const input = {
    class_name: 'InputLayer',
    name: 'input',
    config: { name: 'input', batch_input_shape: [null, ...shape] },
    inbound_nodes: [],
  };
  const described = layers.map(({ type, config, reads = [] }, i) => ({
    class_name: type,
    name: `layer_${i + 1}`,
    config: { name: `layer_${i + 1}`, ...config },
    inbound_nodes: (reads.length === 0 ? [[i]] : reads).map((call) => call.map(nodeOf)),
  }));
  const weights = layers.flatMap(({ weights: own = {} }, i) =>
    Object.entries(own).map(([name, size]) => ({ name: `layer_${i + 1}/${name}`, shape: size, dtype: 'float32' })),
  );
  const output = [`layer_${layers.length}`, 0, 0];
  const config = {
    name: 'model',
    layers: [input, ...described],
    input_layers: [['input', 0, 0]],
    output_layers: [output],
  };
  const modelJson = {
    format: 'layers-model',
    modelTopology: { keras_version: '2.11.0', model_config: { class_name: 'Functional', config } },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  };
  const length = weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0);
  const zeros = new Uint8Array(4 * length);
  return randomized(parseLayersModel(modelJson, zeros), rng);
}

/** Random values for every weight, moving statistics among them. */
function randomized(network: Network, rng: Rng): Network {
  const values = network.parameters.map(({ name, shape }) =>
    Float64Array.from({ length: sizeOf(shape) }, () =>
      Math.fround(name.endsWith('moving_variance') ? 0.5 + rng.uniform() : 0.7 * rng.normal()),
    ),
  );
  return { ...network, values };
}
