import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resnetTopology, type ResnetArchitecture } from './resnet-topology.ts';

/** One tensor of the .bin file; offset in bytes, length in elements. */
interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

interface StoredResnet {
  readonly model: string;
  readonly architecture: ResnetArchitecture;
  readonly input: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly tensors: readonly StoredTensor[];
}

/** A LayersModel in memory, and what its inputs are. */
export interface CifarResnet {
  /** What model.json of a LayersModel holds: for `parseLayersModel` of @ntk/models, or for TensorFlow.js. */
  readonly modelJson: Readonly<Record<string, unknown>>;
  /** The weights that modelJson lists, float32. */
  readonly weights: Uint8Array;
  /** Pixels 0 to 255 of images [n, 32, 32, 3] as the inputs that the network was trained on. */
  readonly standardize: (images: Uint8Array) => Float32Array<ArrayBuffer>;
}

/**
 * ResNet-20 (P = 269,722) or ResNet-56 (P = 853,018) on CIFAR-10, trained by akamaster/pytorch_resnet_cifar10, as a tfjs LayersModel.
 *
 * @param folder - the folder of data sets (`openData('resnet_cifar10')`), with resnet_cifar10/NAME.json and NAME.bin in it
 *
 * Names of layers and order of parameters are those of the reference data of resnet20.
 */
export function readCifarResnet(folder: string, name: 'resnet20' | 'resnet56'): CifarResnet {
  const stem = join(folder, 'resnet_cifar10', name);
  const { architecture, input, tensors } = JSON.parse(readFileSync(`${stem}.json`, 'utf8')) as StoredResnet;
  const bytes = readFileSync(`${stem}.bin`);
  const parts = tensors.map((tensor) => channelsLast(tensor, floatsOf(bytes, tensor)));
  const weights = new Float32Array(parts.reduce((sum, { values }) => sum + values.length, 0));
  let offset = 0;
  for (const { values } of parts) {
    weights.set(values, offset);
    offset += values.length;
  }
  return {
    modelJson: {
      format: 'layers-model',
      modelTopology: resnetTopology(name, architecture),
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: tensors.map((tensor, i) => ({ name: kerasName(tensor), shape: parts[i]!.shape, dtype: 'float32' })),
        },
      ],
    },
    weights: new Uint8Array(weights.buffer),
    standardize: (images) =>
      Float32Array.from(images, (pixel, i) => (pixel / 255 - input.mean[i % 3]!) / input.std[i % 3]!),
  };
}

function floatsOf(bytes: Buffer, { offset, length }: StoredTensor): Float32Array {
  return Float32Array.from({ length }, (_, i) => bytes.readFloatLE(offset + 4 * i));
}

/** Filters [written, read, rows, columns] as [rows, columns, read, written], matrices transposed. */
function channelsLast(
  { shape }: StoredTensor,
  values: Float32Array,
): { readonly shape: readonly number[]; readonly values: Float32Array } {
  if (shape.length === 1) return { shape, values };
  const [written, read, rows = 1, columns = 1] = shape as [number, number, number?, number?];
  const taps = rows * columns;
  const moved = Float32Array.from(values, (_, at) => {
    const [tap, from, to] = [Math.floor(at / (read * written)), Math.floor(at / written) % read, at % written];
    return values[(to * read + from) * taps + tap]!;
  });
  return { shape: shape.length === 2 ? [read, written] : [rows, columns, read, written], values: moved };
}

/** 'layer1.0.bn1.running_var' as 'layer1_0_bn1/moving_variance'. */
function kerasName({ name, shape }: StoredTensor): string {
  const dot = name.lastIndexOf('.');
  const role = name.slice(dot + 1);
  const roles: Readonly<Record<string, string>> = {
    weight: shape.length === 1 ? 'gamma' : 'kernel',
    bias: name.startsWith('linear') ? 'bias' : 'beta',
    running_mean: 'moving_mean',
    running_var: 'moving_variance',
  };
  return `${name.slice(0, dot).replaceAll('.', '_')}/${roles[role]!}`;
}
