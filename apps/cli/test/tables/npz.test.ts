import { readFile } from 'node:fs/promises';
import { strToU8, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { decodeNpz, encodeNpz } from '../../src/tables/npz.ts';
import { fixture } from './fixture.ts';

test.each(['stored.npz', 'deflated.npz'])('NumPy wrote %s', async (name) => {
  const arrays = decodeNpz(await readFile(fixture(name)), name);
  expect([...arrays.keys()]).toEqual(['x', 'y']);
  expect([...arrays.get('x')!.data]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...arrays.get('y')!.data]).toEqual([7, 8]);
});

test('arrays come back, and the same arrays give the same bytes', () => {
  const arrays = new Map([['mean', { shape: [2], data: new Float64Array([0.1, -0]) }]]);
  expect(decodeNpz(encodeNpz(arrays), 'x.npz')).toEqual(arrays);
  expect(encodeNpz(arrays)).toEqual(encodeNpz(arrays));
  // Stored, as numpy.savez does it.
  const equal = encodeNpz(new Map([['zeros', { shape: [5000], data: new Float64Array(5000) }]]));
  expect(equal.length).toBeGreaterThan(40_000);
});

test('refuses what is no archive of arrays', async () => {
  const bytes = await readFile(fixture('deflated.npz'));
  for (const content of [strToU8('no zip'), bytes.subarray(0, 300), bytes.subarray(0, bytes.length - 1)]) {
    expect(() => decodeNpz(content, 'x.npz')).toThrow(/^x\.npz: not a valid \.npz archive, or cut short/);
  }
  expect(() => decodeNpz(zipSync({}), 'x.npz')).toThrow(/archive is empty/);
  expect(() => decodeNpz(zipSync({ 'a.txt': strToU8('a') }), 'x.npz')).toThrow(/has a file 'a\.txt' in it/);
  expect(() => decodeNpz(zipSync({ 'a.npy': strToU8('a') }), 'x.npz')).toThrow(
    /^x\.npz, array 'a': not a valid \.npy file/,
  );
});
