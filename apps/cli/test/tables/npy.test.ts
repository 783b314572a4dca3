import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeNpy, encodeNpy } from '../../src/tables/npy.ts';
import { fixture } from './fixture.ts';

const codes = ['i2', 'i4', 'i8', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8'];
const integers = [
  ...codes.flatMap((code) => [`little-${code}`, `big-${code}`]),
  'little-i1',
  'little-u1',
  'fortran',
  'fortran-big',
];

describe('files that NumPy wrote', () => {
  test.each(integers)('%s', async (name) => {
    const { shape, data } = decodeNpy(await readFile(fixture(`${name}.npy`)), name);
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ['bool', [2, 2], [1, 0, 0, 1]],
    ['vector', [3], [0.1, Number.NaN, Number.POSITIVE_INFINITY]],
    ['scalar', [], [1]],
    ['fortran-3d', [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
    ['exact-integer', [3], [1, 2 ** 53, -(2 ** 62)]],
  ])('%s', async (name, shape, values) => {
    const array = decodeNpy(await readFile(fixture(`${name}.npy`)), name);
    expect(array.shape).toEqual(shape);
    expect([...array.data]).toEqual(values);
  });
});

describe('files to refuse', () => {
  test.each([
    ['big-integer', /element 1 is the integer 9007199254740993, which no double holds exactly/],
    ['objects', /holds Python objects \(type O\)/],
    ['text', /holds text \(type U4\)/],
    ['complex', /holds complex numbers \(type c16\)/],
    ['dates', /holds dates \(type M8\)/],
    ['records', /holds records \(type V\)/],
  ])('%s', async (name, message) => {
    const bytes = await readFile(fixture(`${name}.npy`));
    expect(() => decodeNpy(bytes, `${name}.npy`)).toThrow(message);
    expect(() => decodeNpy(bytes, `${name}.npy`)).toThrow(new RegExp(`^${name}\\.npy: `));
  });

  test.each(['little-f8', 'big-f4', 'fortran', 'bool'])('%s, cut anywhere or longer', async (name) => {
    const bytes = await readFile(fixture(`${name}.npy`));
    const refused = expect.objectContaining({ name: 'FormatError' }) as Error;
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeNpy(bytes.subarray(0, length), 'x.npy')).toThrow(refused);
    }
    expect(() => decodeNpy(Buffer.concat([bytes, Buffer.alloc(8)]), 'x.npy')).toThrow(refused);
  });

  test('rubbish', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const content of [bytes, Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), bytes])]) {
          expect(() => decodeNpy(content, 'x.npy')).toThrow(/^x\.npy: /);
        }
      }),
    );
  });
});

test('every array of doubles comes back', () => {
  const arrays = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .chain(([rows, columns]) =>
      fc
        .array(fc.double(), { minLength: rows * columns, maxLength: rows * columns })
        .map((values) => ({ shape: [rows, columns], values })),
    );
  fc.assert(
    fc.property(arrays, ({ shape, values }) => {
      const array = decodeNpy(encodeNpy({ shape, data: Float64Array.from(values) }), 'x.npy');
      expect(array.shape).toEqual(shape);
      expect([...array.data]).toEqual(values);
    }),
  );
});
