import { loadGraphModel, type GraphModel } from '@tensorflow/tfjs-converter';
import * as tfc from '@tensorflow/tfjs-core';

/** A constant by hand: shape and values; whole numbers unless it is float. */
export interface HandConstant {
  readonly shape: readonly number[];
  readonly values: readonly number[] | Float32Array;
  readonly dtype?: 'float32' | 'int32' | 'bool';
}

/** An operation by hand. */
export interface HandNode {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly attr?: Readonly<Record<string, Attribute>>;
}

/** The files of a GraphModel, in memory. */
export interface GraphFiles {
  readonly modelJson: {
    readonly format: string;
    readonly modelTopology: {
      readonly versions: object;
      readonly node: readonly Readonly<Record<string, unknown>>[];
    };
    readonly weightsManifest: readonly { paths: string[]; weights: tfc.io.WeightsManifestEntry[] }[];
    readonly signature: object;
  };
  readonly weights: Uint8Array;
}

/** What a graph by hand is made of. */
export interface HandGraph {
  /** Shapes of one example, by name; 'int32' inputs say so. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly inputType?: 'DT_FLOAT' | 'DT_INT32';
  readonly constants?: Readonly<Record<string, HandConstant>>;
  readonly nodes: Readonly<Record<string, HandNode>>;
  readonly outputs: readonly string[];
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** An attribute as the JSON of a GraphDef has it. */
export type Attribute = Readonly<Record<string, unknown>>;

/** Attributes by what they hold. */
export const attr: Readonly<{
  text: (value: string) => Attribute;
  texts: (...values: string[]) => Attribute;
  int: (value: number) => Attribute;
  ints: (...values: number[]) => Attribute;
  float: (value: number) => Attribute;
  flag: (value: boolean) => Attribute;
  type: (value: string) => Attribute;
}> = {
  text: (value) => ({ s: base64(value) }),
  texts: (...values) => ({ list: { s: values.map(base64) } }),
  int: (value) => ({ i: String(value) }),
  ints: (...values) => ({ list: { i: values.map(String) } }),
  float: (value) => ({ f: value }),
  flag: (value) => ({ b: value }),
  type: (value) => ({ type: value }),
};

const floats = { T: attr.type('DT_FLOAT') };

function shapeOf(example: readonly number[]): object {
  return { dim: [{ size: '-1' }, ...example.map((size) => ({ size: String(size) }))] };
}

/** A GraphModel's files as the converter writes them. */
export function graphFiles({ inputs, inputType = 'DT_FLOAT', constants = {}, nodes, outputs }: HandGraph): GraphFiles {
  const entries = Object.entries(constants).map(([name, { shape, values, dtype = 'float32' }]) => ({
    entry: { name, shape: [...shape], dtype },
    bytes: bytesOf(values, dtype),
  }));
  const types = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' } as const;
  return {
    modelJson: {
      format: 'graph-model',
      modelTopology: {
        versions: { producer: 1087 },
        node: [
          ...Object.entries(inputs).map(([name, shape]) => ({
            name,
            op: 'Placeholder',
            attr: { dtype: attr.type(inputType), shape: { shape: shapeOf(shape) } },
          })),
          ...entries.map(({ entry: { name, dtype } }) => ({
            name,
            op: 'Const',
            attr: { dtype: attr.type(types[dtype]) },
          })),
          ...Object.entries(nodes).map(([name, { op, inputs: input = [], attr: own = {} }]) => ({
            name,
            op,
            input: [...input],
            attr: { ...floats, ...own },
          })),
        ],
      },
      weightsManifest: [{ paths: ['weights.bin'], weights: entries.map(({ entry }) => entry) }],
      signature: {
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([name, shape]) => [
            name,
            { name: `${name}:0`, dtype: inputType, tensorShape: shapeOf(shape) },
          ]),
        ),
        outputs: Object.fromEntries(outputs.map((name) => [name, { name: `${name}:0`, dtype: 'DT_FLOAT' }])),
      },
    },
    weights: new Uint8Array(Buffer.concat(entries.map(({ bytes }) => bytes))),
  };
}

function bytesOf(values: readonly number[] | Float32Array, dtype: 'float32' | 'int32' | 'bool'): Uint8Array {
  if (dtype === 'bool') return Uint8Array.from(values);
  return new Uint8Array((dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)).buffer);
}

/** A model of TensorFlow.js from its files in memory. */
export function loadGraph({ modelJson, weights }: GraphFiles): Promise<GraphModel> {
  const specs = modelJson.weightsManifest.flatMap((group) => group.weights);
  return loadGraphModel({
    load: () =>
      Promise.resolve({
        modelTopology: modelJson.modelTopology,
        format: modelJson.format,
        signature: modelJson.signature,
        weightSpecs: specs,
        weightData: weights.slice().buffer,
      }),
  });
}

/** Outputs of TensorFlow.js for examples of the only input, joined for each example. */
export function runGraph(
  model: GraphModel,
  x: Float32Array,
  { shape, type = 'float32' }: { readonly shape: readonly number[]; readonly type?: 'float32' | 'int32' },
): Float32Array {
  return tfc.tidy(() => {
    const input = tfc.tensor(x, [...shape], type);
    const outputs = [model.execute(input)].flat();
    const flat = outputs.map((output) => tfc.reshape(output, [shape[0]!, -1]));
    return tfc.concat(flat, -1).dataSync() as Float32Array;
  });
}
