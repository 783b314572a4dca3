import fc from 'fast-check';
import { relativeError } from '@ntk/tensor/testing';
import { adapt, decodePosterior, encodePosterior, predictStored, storePosterior } from '@ntk/adapt';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../src/file/safetensors.ts';
import { makeProblem } from './problem.ts';

describe('the posterior file', () => {
  for (const mean of ['network', 'zero', 'constant'] as const) {
    for (const layers of ['all', 'last'] as const) {
      test(`predicts what the posterior predicts: prior mean ${mean}, layers ${layers}`, async () => {
        const { network, backend, x, y, xTest } = await makeProblem({ outputs: 2 });
        using adapted = await adapt(network, { x, y }, { backend, mean, layers });
        const stored = await decodePosterior(await encodePosterior(await storePosterior(adapted)), 'a.ntk');
        const expected = await adapted.predict(xTest);
        const actual = await predictStored(stored, xTest, { backend });
        expect(relativeError(actual.mean, expected.mean)).toBeLessThan(1e-9);
        expect(relativeError(actual.variance, expected.variance)).toBeLessThan(1e-9);
        expect(stored.examples).toBe(24);
        expect(stored.dtype).toBe('float64');
      });
    }
  }

  let bytes: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    const { network, backend, x, y } = await makeProblem();
    using adapted = await adapt(network, { x, y }, { backend, layers: 'last' });
    bytes = await encodePosterior(await storePosterior(adapted));
  });

  test('reads a Node Buffer, whose slices share memory', async () => {
    const pooled = Buffer.concat([Buffer.from('xyz'), bytes]).subarray(3);
    expect((await decodePosterior(pooled, 'a.ntk')).examples).toBe(24);
  });

  test('is deterministic', async () => {
    const { network, backend, x, y } = await makeProblem();
    using adapted = await adapt(network, { x, y }, { backend, layers: 'last' });
    expect(await encodePosterior(await storePosterior(adapted))).toEqual(bytes);
  });

  test.each([0, 5, 20, 200, -1, -1000])('truncated at %d bytes: an error that says so', async (end) => {
    await expect(decodePosterior(bytes.slice(0, end), 'a.ntk')).rejects.toThrow(
      /a\.ntk: .*(truncated|not a safetensors)/,
    );
  });

  test('any changed byte is noticed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = bytes.slice();
          damaged[at]! ^= change;
          await expect(decodePosterior(damaged, 'a.ntk')).rejects.toMatchObject({ name: 'FormatError' });
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  test('names the release that wrote it', () => {
    const { metadata } = decodeSafetensors(bytes, 'a.ntk');
    expect((JSON.parse(metadata['ntk']!) as { library: string }).library).toMatch(/^@ntk\/adapt \d+\.\d+\.\d+/);
  });

  test('another version, another kind of file, too many bytes', async () => {
    const content = decodeSafetensors(bytes, 'a.ntk');
    const later = JSON.stringify({ ...(JSON.parse(content.metadata['ntk']!) as object), version: 2 });
    await expect(
      decodePosterior(encodeSafetensors({ ...content, metadata: { ...content.metadata, ntk: later } }), 'a.ntk'),
    ).rejects.toThrow(/version 2, this program reads version 1/);
    await expect(decodePosterior(encodeSafetensors({ tensors: new Map(), metadata: {} }), 'a.ntk')).rejects.toThrow(
      /no posterior/,
    );
    const longer = new Uint8Array(bytes.length + 3);
    longer.set(bytes);
    await expect(decodePosterior(longer, 'a.ntk')).rejects.toThrow(/too long/);
  });

  test('a network that is too large for a file of variances: what would make it fit', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 400, hidden: [420, 420] });
    using adapted = await adapt(network, { x, y }, { backend, noise: 1, priorVariance: 1, dtype: 'float32' });
    await expect(storePosterior(adapted)).rejects.toThrow(/400 × 178501 numbers.*--layers last/);
  });
});

test('safetensors round trip of any tensors', () => {
  const tensor = fc.oneof(
    fc.float64Array({ minLength: 0, maxLength: 6 }).map((data) => ({ data, shape: [data.length] })),
    fc.float32Array({ minLength: 6, maxLength: 6 }).map((data) => ({ data, shape: [2, 3] })),
  );
  const content = fc.record({
    tensors: fc.dictionary(
      fc.string().filter((name) => name !== '__metadata__'),
      tensor,
    ),
    metadata: fc.dictionary(fc.string(), fc.string()),
  });
  fc.assert(
    fc.property(content, ({ tensors, metadata }) => {
      const read = decodeSafetensors(encodeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata }), 'x');
      expect(Object.fromEntries(read.tensors)).toEqual(tensors);
      expect(read.metadata).toEqual(metadata);
    }),
    { seed: 1 },
  );
});
