import type { Network } from '@ntk/tensor';

/** The files of a GraphModel, in memory. */
export interface GraphFiles {
  readonly modelJson: object;
  readonly weights: Uint8Array;
  /** What its constants are called, by the names of the weights in the LayersModel. */
  readonly names: ReadonlyMap<string, string>;
}

type Attributes = Readonly<Record<string, object>>;

const base64 = (text: string): object => ({ s: Buffer.from(text).toString('base64') });
const ints = (...values: number[]): object => ({ list: { i: values.map(String) } });

/**
 * Writes the weights of a LayersModel as the graph that the converter makes of its layers, under the names that it gives them, without folding.
 *
 * Each method adds a layer and returns the name of its output.
 */
export class GraphWriter {
  readonly #network: Network;
  readonly #nodes: object[] = [];
  readonly #weights: { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #names = new Map<string, string>();

  constructor(network: Network, exampleShape: readonly number[]) {
    this.#network = network;
    const dim = [-1, ...exampleShape].map((size) => ({ size: String(size) }));
    this.#nodes.push({
      name: 'x',
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } },
    });
  }

  dense(layer: string, input: string): string {
    return this.#biased(
      layer,
      this.node(`${layer}/MatMul`, 'MatMul', [input, this.#weight(layer, 'kernel', 'MatMul/')]),
    );
  }

  convolution(layer: string, input: string, stride: number): string {
    const attributes = { strides: ints(1, stride, stride, 1), padding: base64('SAME'), data_format: base64('NHWC') };
    const filter = this.#weight(layer, 'kernel', 'Conv2D/');
    return this.#biased(layer, this.node(`${layer}/Conv2D`, 'Conv2D', [input, filter], attributes));
  }

  normalization(layer: string, input: string, epsilon: number): string {
    const moments = ['moving_mean', 'moving_variance'].map((slot, i) =>
      this.#weight(layer, slot, 'FusedBatchNormV3/', i),
    );
    const inputs = [input, this.#weight(layer, 'gamma', ''), this.#weight(layer, 'beta', '', 1), ...moments];
    const attributes = { epsilon: { f: Math.fround(epsilon) }, is_training: { b: false }, data_format: base64('NHWC') };
    return this.node(`${layer}/FusedBatchNormV3`, 'FusedBatchNormV3', inputs, attributes);
  }

  maxPooling(layer: string, input: string, size: number): string {
    const window = ints(1, size, size, 1);
    const attributes = { ksize: window, strides: window, padding: base64('VALID'), data_format: base64('NHWC') };
    return this.node(`${layer}/MaxPool`, 'MaxPool', [input], attributes);
  }

  globalMean(layer: string, input: string): string {
    const axes = `${layer}/Mean/reduction_indices`;
    this.#constant(axes, { shape: [2], dtype: 'int32', bytes: new Uint8Array(Int32Array.of(1, 2).buffer) });
    return this.node(`${layer}/Mean`, 'Mean', [input, axes], { keep_dims: { b: false } });
  }

  node(name: string, op: string, input: readonly string[], attr: Attributes = {}): string {
    this.#nodes.push({ name, op, input, attr: { T: { type: 'DT_FLOAT' }, ...attr } });
    return name;
  }

  /** @param output - the node that gives the logits */
  finish(output: string): GraphFiles {
    return {
      modelJson: {
        format: 'graph-model',
        modelTopology: { node: this.#nodes, library: {}, versions: { producer: 1087 } },
        weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights: this.#weights }],
        signature: {
          inputs: { x: { name: 'x:0' } },
          outputs: { f: { name: `${output}:0`, dtype: 'DT_FLOAT' } },
        },
      },
      weights: new Uint8Array(Buffer.concat(this.#bytes)),
      names: this.#names,
    };
  }

  /** The layer's product with its bias, if it has one. */
  #biased(layer: string, product: string): string {
    const hasBias = this.#network.parameters.some(({ name }) => name === `${layer}/bias`);
    return hasBias
      ? this.node(`${layer}/BiasAdd`, 'BiasAdd', [product, this.#weight(layer, 'bias', 'BiasAdd/')])
      : product;
  }

  /** A weight as the variable that the converter froze: several of one operation are numbered. */
  #weight(layer: string, slot: string, reader: string, index = 0): string {
    const at = this.#network.parameters.findIndex((parameter) => parameter.name === `${layer}/${slot}`);
    const { shape } = this.#network.parameters[at]!;
    const name = `StatefulPartitionedCall/model/${layer}/${reader}ReadVariableOp${index === 0 ? '' : `_${index}`}`;
    this.#names.set(`${layer}/${slot}`, name);
    const bytes = new Uint8Array(Float32Array.from(this.#network.values[at]!).buffer);
    this.#constant(name, { shape, dtype: 'float32', bytes });
    return name;
  }

  #constant(
    name: string,
    { shape, dtype, bytes }: { readonly shape: readonly number[]; readonly dtype: string; readonly bytes: Uint8Array },
  ): void {
    const type = dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT';
    this.#nodes.push({ name, op: 'Const', attr: { dtype: { type } } });
    this.#weights.push({ name, shape: [...shape], dtype });
    this.#bytes.push(bytes);
  }
}
