import { resnetTopology } from './resnet-topology.ts';

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const PLANES = [16, 32, 64] as const;

/**
 * The architecture of `readCifarResnet` at random weights, for whoever measures time where its files are absent: filters as He et al. (2015b) draw
 * them, moving means of 0 and variances of 1.
 *
 * @param normals - draws that many standard normal numbers
 */
export function randomCifarResnet(
  name: 'resnet20' | 'resnet56',
  normals: (count: number) => Float64Array,
): { readonly modelJson: Readonly<Record<string, unknown>>; readonly weights: Uint8Array } {
  const blocks = name === 'resnet20' ? 3 : 9;
  const drawn = (weight: string, shape: readonly number[], deviation: number): Weight => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return { name: weight, shape, values: Float32Array.from(normals(count), (value) => deviation * value) };
  };
  const convolution = (prefix: string, suffix: string, read: number, written: number): Weight[] => [
    drawn(`${prefix}conv${suffix}/kernel`, [3, 3, read, written], Math.sqrt(2 / (9 * read))),
    ...Object.entries({ gamma: 1, beta: 0, moving_mean: 0, moving_variance: 1 }).map(([role, value]) => ({
      name: `${prefix}bn${suffix}/${role}`,
      shape: [written],
      values: new Float32Array(written).fill(value),
    })),
  ];
  const weights = convolution('', '1', 3, PLANES[0]);
  PLANES.forEach((channels, stage) => {
    for (let block = 0; block < blocks; block++) {
      const prefix = `layer${stage + 1}_${block}_`;
      const read = stage > 0 && block === 0 ? PLANES[stage - 1]! : channels;
      weights.push(...convolution(prefix, '1', read, channels), ...convolution(prefix, '2', channels, channels));
    }
  });
  weights.push(drawn('linear/kernel', [PLANES[2], 10], Math.sqrt(1 / PLANES[2])), drawn('linear/bias', [10], 0));
  const manifest = weights.map(({ name: weight, shape }) => ({ name: weight, shape, dtype: 'float32' }));
  return {
    modelJson: {
      format: 'layers-model',
      modelTopology: resnetTopology(name, { blocks_per_stage: blocks, planes: PLANES, bn_eps: 1e-5 }),
      weightsManifest: [{ paths: ['weights.bin'], weights: manifest }],
    },
    weights: new Uint8Array(Float32Array.from(weights.flatMap(({ values }) => [...values])).buffer),
  };
}
