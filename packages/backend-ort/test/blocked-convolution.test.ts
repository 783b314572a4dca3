import {
  ProgramBuilder,
  Rng,
  cpuBackend,
  sizeOf,
  unitRoundoff,
  type Backend,
  type DType,
  type Program,
  type Value,
} from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';
import { channelBlock } from '../src/channel-block.ts';
import { loadOrt } from '../src/load.ts';
import { lower } from '../src/lower/lower.ts';
import type { OrtModule } from '../src/ort-module.ts';

const native = await loadOrt();

/** ONNX Runtime as it is where it has no operators on blocks of channels. */
const withoutBlocks: OrtModule = {
  Tensor: native.Tensor,
  InferenceSession: {
    create: async (model, options) => {
      if (Buffer.from(model).includes('nchwc')) throw new Error('com.microsoft.nchwc is not a registered domain');
      return native.InferenceSession.create(model, options);
    },
  },
};

async function run(backend: Backend, program: Program): Promise<Float32Array> {
  const rng = new Rng(3);
  using executable = await backend.compile(program, { dtype: 'float32' });
  const inputs = program.inputs.map(({ shape }) =>
    backend.upload(Float32Array.from(rng.normals(sizeOf(shape))), shape),
  );
  const results = await Promise.all((await backend.run(executable, inputs)).map((tensor) => backend.read(tensor)));
  return Float32Array.from(results.flatMap((data) => Array.from(data)));
}

const blocks = await ortBackend();
const noBlocks = await ortBackend({ ort: withoutBlocks });

async function agree(build: (b: ProgramBuilder) => void, terms: number): Promise<void> {
  const b = new ProgramBuilder('convolution');
  build(b);
  const program = b.build();
  const expected = await run(cpuBackend(), program);
  for (const backend of [blocks, noBlocks])
    expect(relativeError(await run(backend, program), expected)).toBeLessThan(terms * unitRoundoff('float32'));
}

const channels = [
  [16, 16],
  [32, 48],
  [8, 16],
  [3, 32],
  [24, 64],
  [16, 10],
] as const;
const windows = [
  { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] },
  { strides: [1, 1], pads: [2, 0, 1, 3], dilations: [1, 1] },
  { strides: [2, 1], pads: [0, 1, 0, 1], dilations: [1, 1] },
  { strides: [1, 1], pads: [2, 2, 4, 4], dilations: [2, 3] },
];

describe.each(channels)('convolutions of %i channels to %i', (read, written) => {
  it.each(windows)('with %o', async (window) => {
    await agree((b) => {
      const [images, filter] = [b.input('images', [3, 7, 8, read]), b.input('filter', [3, 3, read, written])];
      b.output('y', b.conv2d(images, filter, window));
    }, 9 * read);
  });

  it.each(windows)('and back, with %o', async (window) => {
    await agree(
      (b) => {
        const images = b.input('images', [3, 7, 8, read]);
        const filter = b.input('filter', [3, 3, read, written]);
        const responses = b.conv2d(images, filter, window);
        b.output('x', b.conv2dTranspose(responses, filter, { ...window, size: [7, 8] }));
      },
      81 * read * written,
    );
  });
});

describe.each([16, 32])('sums of convolutions of %i channels', (count) => {
  const shape = [2, 5, 6, count];
  const terms = 30 * count;
  const inputs = (b: ProgramBuilder, name: string, dims: readonly number[]): Value[] =>
    ['1', '2', '3'].map((number) => b.input(name + number, dims));
  const convolutions = (b: ProgramBuilder, images: readonly Value[]): Value[] => {
    const filters = inputs(b, 'filter', [3, 3, count, count]);
    return images.map((each, i) => b.conv2d(each, filters[i]!, { pads: [1, 1, 1, 1] }));
  };

  it('with one another, biases and other images, in any order', async () => {
    await agree((b) => {
      const [bias, other] = [b.input('bias', [1, 1, 1, 1, count]), b.input('other', [1, ...shape])];
      const all = convolutions(b, inputs(b, 'images', shape));
      const [first, second, third] = all.map((each) => b.reshape(each, [1, ...shape])) as [Value, Value, Value];
      b.output('y', b.add(other, b.add(b.add(bias, b.add(first, b.add(second, third))), bias)));
    }, terms);
  });

  it('of which a term or a sum is used once more', async () => {
    await agree((b) => {
      const other = b.input('other', shape);
      const [first, second] = convolutions(b, inputs(b, 'images', shape)) as [Value, Value];
      const sum = b.add(first, second);
      b.output('y', b.mul(b.add(sum, other), b.add(b.mul(first, first), b.neg(sum))));
    }, terms);
  });

  it('with what is stretched, or differs among images', async () => {
    await agree((b) => {
      const [perImage, perRow] = [b.input('perImage', [2, 1, 1, count]), b.input('perRow', [5, 1, 1])];
      const one = b.input('one', [1, ...shape.slice(1)]);
      const [first, second, third] = convolutions(b, [...inputs(b, 'images', shape).slice(1), one]) as [
        Value,
        Value,
        Value,
      ];
      b.output('y', b.add(b.add(perImage, first), b.add(second, perRow)));
      b.output('stretched', b.add(third, first));
    }, terms);
  });
});

describe('operators on blocks of channels', () => {
  const isBlocked = (
    [read, written]: readonly [number, number],
    { channels = 16, dtype = 'float32', groups = 1 }: { channels?: number; dtype?: DType; groups?: number },
  ): boolean => {
    const b = new ProgramBuilder('convolution');
    const [images, filter] = [b.input('images', [2, 6, 6, read]), b.input('filter', [3, 3, read / groups, written])];
    const wanted = [b.conv2d(images, filter, { groups })];
    b.output('y', wanted[0]!);
    const { model } = lower(b.build(), dtype, { wanted, literals: new Map(), channelBlock: channels });
    return Buffer.from(model).includes('nchwc');
  };

  it.each([
    [[16, 32], {}, true],
    [[3, 16], {}, true],
    [[24, 8], { channels: 8 }, true],
    [[24, 16], {}, false],
    [[16, 24], {}, false],
    [[16, 16], { channels: 0 }, false],
    [[16, 16], { dtype: 'float64' }, false],
    [[32, 32], { groups: 2 }, false],
  ] as const)('for channels %j with %o: %s', (channels, options, expected) => {
    expect(isBlocked(channels, options)).toBe(expected);
  });

  it('are not needed for groups of whole blocks, nor for no images or no channels', async () => {
    await agree(
      (b) => {
        const [images, filter] = [b.input('images', [2, 6, 6, 32]), b.input('filter', [3, 3, 16, 32])];
        const [noImages, bias] = [b.input('noImages', [0, 6, 6, 16]), b.input('bias', [16])];
        const [whole, empty] = [b.input('whole', [3, 3, 16, 16]), b.input('empty', [3, 3, 0, 16])];
        const noChannels = b.input('noChannels', [2, 6, 6, 0]);
        const responses = b.conv2d(images, filter, { groups: 2 });
        b.output('y', responses);
        b.output('x', b.conv2dTranspose(responses, filter, { groups: 2, size: [6, 6] }));
        b.output('ofNoImages', b.add(b.conv2d(noImages, whole), bias));
        b.output('ofNoChannels', b.add(b.conv2d(noChannels, empty), bias));
      },
      9 * 32 * 9 * 32,
    );
  });
});

describe('channelBlock', () => {
  it('is a whole number of vectors', async () => {
    expect([0, 8, 16]).toContain(await channelBlock(native));
  });

  it('is 0 where there are no operators on blocks', async () => {
    expect(await channelBlock(withoutBlocks)).toBe(0);
  });
});
