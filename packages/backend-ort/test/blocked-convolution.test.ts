import { ProgramBuilder, Rng, cpuBackend, sizeOf, unitRoundoff, type Backend, type Program } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';
import { channelBlock } from '../src/channel-block.ts';
import { loadOrt } from '../src/load.ts';
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
  const [result] = await backend.run(executable, inputs);
  return Float32Array.from(await backend.read(result!));
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

describe('channelBlock', () => {
  it('is a whole number of vectors', async () => {
    expect([0, 8, 16]).toContain(await channelBlock(native));
  });

  it('is 0 where there are no operators on blocks', async () => {
    expect(await channelBlock(withoutBlocks)).toBe(0);
  });
});
