import { OptionError, allocate, asDType, sizeOf, type DType, type Network, type Rng, type Shape } from '@ntk/tensor';
import type { JsonObject } from '../json.ts';
import { buildNetwork, type Weight } from '../layers-model/build-network.ts';
import { initialKernel } from './initializers.ts';

/** The shape of a transformer and how it starts. */
export interface TransformerNetworkOptions {
  /** Steps of a sequence. */
  readonly steps: number;
  /** Numbers of a step. */
  readonly inputs: number;
  /** Channels between the blocks; a multiple of the heads. */
  readonly width: number;
  readonly heads: number;
  readonly blocks: number;
  /** Units of the dense layer inside a block; four times the width by default. */
  readonly hidden?: number;
  readonly outputs: number;
  readonly rng: Rng;
  readonly name?: string;
  /** Of the values; float32 by default. */
  readonly dtype?: DType;
}

/**
 * An untrained transformer over sequences [steps, inputs]: a dense layer to the width, blocks x + attention(norm(x)), x + dense(gelu(dense(norm(x)))), a
 * norm, the mean over steps and a dense layer.
 *
 * Kernels are drawn by Glorot's uniform rule, biases start at zero, norms at one and zero. Nothing tells the steps apart but what they hold: put
 * positions among the inputs where the order matters. The same seed gives the same network.
 *
 * @throws {OptionError} if a number is not a positive integer, or the width no multiple of the heads
 *
 * Source: Vaswani et al. (2017); norms before attention and dense layers as in Xiong et al. (2020).
 */
export function transformerNetwork(options: TransformerNetworkOptions): Network {
  const { steps, inputs, width, heads, blocks, outputs, hidden = 4 * width, name = 'transformer_network' } = options;
  for (const [key, value] of Object.entries({ steps, inputs, width, heads, blocks, hidden, outputs })) {
    if (!Number.isInteger(value) || value < 1)
      throw new OptionError(`transformerNetwork: got ${value} as ${key}, expected a positive integer`);
  }
  if (width % heads !== 0)
    throw new OptionError(`transformerNetwork: got the width ${width} for ${heads} heads, expected a multiple of them`);
  const parts = new Parts(options);
  let x = parts.add('InputLayer', 'input', [], { batch_input_shape: [null, steps, inputs] });
  x = parts.dense('embedding', x, { units: width, fanIn: inputs });
  for (let block = 0; block < blocks; block++) x = blockOf(parts, x, `block_${block}`, { width, heads, hidden });
  x = parts.add('GlobalAveragePooling1D', 'mean', [parts.norm('norm', x, width)]);
  x = parts.dense('head', x, { units: outputs, fanIn: width });
  const config = { name, layers: parts.layers, input_layers: [['input', 0, 0]], output_layers: [[x, 0, 0]] };
  return buildNetwork({ class_name: 'Functional', config }, parts.weights, {
    label: 'transformerNetwork',
    outputMode: 'logits',
  });
}

interface BlockSizes {
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
}

/** @returns the name of the layer that ends the block */
function blockOf(parts: Parts, x: string, name: string, { width, heads, hidden }: BlockSizes): string {
  const attended = parts.attention(`${name}_attention`, parts.norm(`${name}_norm`, x, width), { width, heads });
  const between = parts.add('Add', `${name}_add`, [x, attended]);
  const inner = parts.dense(`${name}_dense`, parts.norm(`${name}_norm_1`, between, width), {
    units: hidden,
    fanIn: width,
    activation: 'gelu',
  });
  const outer = parts.dense(`${name}_dense_1`, inner, { units: width, fanIn: hidden });
  return parts.add('Add', `${name}_add_1`, [between, outer]);
}

/** The layers of a model.json and their weights, as they come. */
class Parts {
  readonly layers: JsonObject[] = [];
  readonly weights: Weight[] = [];
  readonly #rng: Rng;
  readonly #dtype: DType;

  constructor({ rng, dtype = 'float32' }: TransformerNetworkOptions) {
    this.#rng = rng;
    this.#dtype = dtype;
  }

  /** @returns the layer's name */
  add(className: string, name: string, inputs: readonly string[], config: JsonObject = {}): string {
    const inbound = inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])];
    this.layers.push({
      class_name: className,
      name,
      config: { name, trainable: true, dtype: 'float32', ...config },
      inbound_nodes: inbound,
    });
    return name;
  }

  dense(
    name: string,
    x: string,
    {
      units,
      fanIn,
      activation = 'linear',
    }: { readonly units: number; readonly fanIn: number; readonly activation?: string },
  ): string {
    this.#kernel(`${name}/kernel`, [fanIn, units], [fanIn, units]);
    this.#filled(`${name}/bias`, [units], 0);
    return this.add('Dense', name, [x], { units, activation, use_bias: true });
  }

  norm(name: string, x: string, width: number): string {
    this.#filled(`${name}/gamma`, [width], 1);
    this.#filled(`${name}/beta`, [width], 0);
    return this.add('LayerNormalization', name, [x], { axis: -1, epsilon: 1e-5, center: true, scale: true });
  }

  attention(name: string, x: string, { width, heads }: { readonly width: number; readonly heads: number }): string {
    const size = width / heads;
    for (const part of ['query', 'key', 'value']) {
      this.#kernel(`${name}/${part}/kernel`, [width, heads, size], [width, width]);
      this.#filled(`${name}/${part}/bias`, [heads, size], 0);
    }
    this.#kernel(`${name}/attention_output/kernel`, [heads, size, width], [width, width]);
    this.#filled(`${name}/attention_output/bias`, [width], 0);
    return this.add('MultiHeadAttention', name, [x, x], { num_heads: heads, key_dim: size, use_bias: true });
  }

  #kernel(name: string, shape: Shape, [fanIn, fanOut]: readonly [number, number]): void {
    const values = initialKernel('glorotUniform', fanIn, fanOut, this.#rng.fork(name));
    this.weights.push({ name, shape, values: asDType(values, this.#dtype) });
  }

  #filled(name: string, shape: Shape, value: number): void {
    this.weights.push({ name, shape, values: allocate(this.#dtype, sizeOf(shape)).fill(value) });
  }
}
