/** What distinguishes the ResNets for CIFAR-10 of He et al. (2015), section 4.2. */
export interface ResnetArchitecture {
  readonly blocks_per_stage: number;
  /** Channels of each stage. */
  readonly planes: readonly number[];
  readonly bn_eps: number;
}

type Json = Readonly<Record<string, unknown>>;

/** The layers of a Keras functional model, in order. */
class FunctionalModel {
  readonly #layers: Json[] = [];

  /** Appends a layer; returns its name. */
  add(className: string, name: string, config: Json, ...inputs: readonly string[]): string {
    const inbound = inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])];
    const dtype = 'float32';
    this.#layers.push({ class_name: className, config: { name, dtype, ...config }, name, inbound_nodes: inbound });
    return name;
  }

  topology(name: string, input: string, output: string): Json {
    const ends = { input_layers: [[input, 0, 0]], output_layers: [[output, 0, 0]] };
    const config = { name, layers: this.#layers, ...ends };
    return { keras_version: '2.11.0', backend: 'tensorflow', model_config: { class_name: 'Functional', config } };
  }
}

/**
 * The Keras topology of a post-activation ResNet for images [32, 32, 3] and 10 classes, with the parameter-free shortcut (option A).
 *
 * Padding is symmetric, as in PyTorch, hence a layer of its own: 'same' of Keras pads a strided convolution below and right only.
 */
export function resnetTopology(name: string, architecture: ResnetArchitecture): Json {
  const { planes, blocks_per_stage, bn_eps } = architecture;
  const model = new FunctionalModel();
  const convolve = (suffix: string, prefix: string, channels: number, stride: number, input: string): string => {
    const conv = `${prefix}conv${suffix}`;
    const padded = model.add(
      'ZeroPadding2D',
      `${conv}_pad`,
      {
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
      input,
    );
    const config = {
      filters: channels,
      kernel_size: [3, 3],
      strides: [stride, stride],
      padding: 'valid',
      use_bias: false,
    };
    const convolved = model.add('Conv2D', conv, config, padded);
    return model.add('BatchNormalization', `${prefix}bn${suffix}`, { axis: -1, epsilon: bn_eps }, convolved);
  };
  const input = model.add('InputLayer', 'input_1', { batch_input_shape: [null, 32, 32, 3] });
  let x = model.add('ReLU', 'relu1', {}, convolve('1', '', planes[0]!, 1, input));
  planes.forEach((channels, stage) => {
    for (let block = 0; block < blocks_per_stage; block++) {
      const prefix = `layer${stage + 1}_${block}_`;
      const widens = stage > 0 && block === 0;
      const hidden = model.add('ReLU', `${prefix}relu1`, {}, convolve('1', prefix, channels, widens ? 2 : 1, x));
      const branch = convolve('2', prefix, channels, 1, hidden);
      const shortcut = widens ? widen(model, prefix, channels / 4, x) : x;
      x = model.add('ReLU', `${prefix}relu2`, {}, model.add('Add', `${prefix}add`, {}, shortcut, branch));
    }
  });
  const output = model.add('Dense', 'linear', { units: 10 }, model.add('GlobalAveragePooling2D', 'gap', {}, x));
  return model.topology(name, input, output);
}

/** Every other pixel, and as many zero channels on both sides. */
function widen(model: FunctionalModel, prefix: string, channels: number, input: string): string {
  const every = model.add(
    'MaxPooling2D',
    `${prefix}sub`,
    { pool_size: [1, 1], strides: [2, 2], padding: 'valid' },
    input,
  );
  const first = model.add('Permute', `${prefix}perm1`, { dims: [3, 1, 2] }, every);
  const padding = [
    [channels, channels],
    [0, 0],
  ];
  const padded = model.add('ZeroPadding2D', `${prefix}chpad`, { padding }, first);
  return model.add('Permute', `${prefix}perm2`, { dims: [2, 3, 1] }, padded);
}
