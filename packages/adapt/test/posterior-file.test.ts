import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { relativeError } from '@ntk/tensor/testing';
import { adapt, decodePosterior, encodePosterior, predictStored, storePosterior } from '@ntk/adapt';
import type { Network } from '@ntk/tensor';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../src/file/digest.ts';
import { type SafetensorsContent, decodeSafetensors, encodeSafetensors } from '../src/file/safetensors.ts';
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

  test('numbers that are not finite', async () => {
    const { tensors, metadata } = decodeSafetensors(bytes, 'a.ntk');
    for (const [name, { data, shape }] of tensors) {
      const broken = data.slice();
      broken[0] = NaN;
      const changed = new Map([...tensors, [name, { data: broken, shape }] as const]);
      await expect(decodePosterior(await sealed({ tensors: changed, metadata }), 'a.ntk')).rejects.toThrow(
        new RegExp(`a\\.ntk: .*'${name}' has an entry that is not finite`),
      );
    }
  });

  test('a tensor that is missing, or of another shape', async () => {
    const { tensors, metadata } = decodeSafetensors(bytes, 'a.ntk');
    const without = new Map([...tensors].filter(([name]) => name !== 'weights'));
    await expect(decodePosterior(await sealed({ tensors: without, metadata }), 'a.ntk')).rejects.toThrow(
      /'weights' is missing/,
    );
    const { data } = tensors.get('weights')!;
    const turned = new Map([...tensors, ['weights', { data, shape: [data.length, 1] }] as const]);
    await expect(decodePosterior(await sealed({ tensors: turned, metadata }), 'a.ntk')).rejects.toThrow(
      /'weights' has shape \(9, 1\), expected \(1, 9\)/,
    );
  });

  test('a network outside: found by its path, known by its digest', async () => {
    const { network, backend, x, y, xTest } = await makeProblem();
    using adapted = await adapt(network, { x, y }, { backend, layers: 'last' });
    const stored = await storePosterior(adapted);
    const small = await encodePosterior(stored, { networkPath: 'mlp/' });
    expect(small.length).toBeLessThan(bytes.length);
    const asked: unknown[] = [];
    const readNetwork = (reference: unknown): Promise<Network> => {
      asked.push(reference);
      return Promise.resolve(network);
    };
    const read = await decodePosterior(small, 'a.ntk', { readNetwork });
    expect(asked).toEqual([{ path: 'mlp/', outputActivation: undefined }]);
    expect(await predictStored(read, xTest, { backend })).toEqual(await predictStored(stored, xTest, { backend }));
    await expect(decodePosterior(small, 'a.ntk')).rejects.toThrow(/names mlp\/, and there is no reader/);
    const other = { ...network, values: network.values.map((data) => data.map((value) => value * (1 + 1e-7))) };
    await expect(decodePosterior(small, 'a.ntk', { readNetwork: () => Promise.resolve(other) })).rejects.toThrow(
      /^a\.ntk: .*another network than mlp\/ is now/,
    );
  });

  test('is read without anything that a browser lacks', () => {
    for (const entry of ['posterior-file.ts', 'open-posterior.ts']) {
      const found = importsBelow(new URL(`../src/file/${entry}`, import.meta.url));
      expect(found.length).toBeGreaterThan(3);
      expect(found.filter((name) => name.startsWith('node:'))).toEqual([]);
    }
  });
});

/** A file with a digest that fits, whatever is in it. */
async function sealed({ tensors, metadata }: SafetensorsContent): Promise<Uint8Array> {
  const { format, ntk } = metadata;
  const rest = { format: format!, ntk: ntk! };
  const digest = await sha256(encodeSafetensors({ tensors, metadata: rest }));
  return encodeSafetensors({ tensors, metadata: { ...rest, sha256: digest } });
}

/** Modules that a file of this repository imports when it runs, and those below it. */
function importsBelow(entry: URL): string[] {
  const seen = new Set<string>();
  const visit = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    const text = readFileSync(file, 'utf8');
    for (const [, name] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'/gm)) {
      if (name!.startsWith('.') && name!.endsWith('.ts')) visit(new URL(name!, file));
      else if (name!.startsWith('@ntk/')) visit(new URL(`../../${name!.slice(5)}/src/index.ts`, import.meta.url));
      else seen.add(name!);
    }
  };
  visit(entry);
  return [...seen];
}

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
