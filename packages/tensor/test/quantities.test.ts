import { Rng, formatBytes, formatSeconds } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

function bytesOf(text: string): number {
  const [number, unit] = text.split(' ') as [string, string];
  return Number(number) * UNITS[unit]!;
}

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1000, '1000 B'],
    [1e6, '977 KiB'],
    [7.65 * 2 ** 20, '7.65 MiB'],
    [1020 * 2 ** 20, '1020 MiB'],
    [1023 * 2 ** 20, '1023 MiB'],
    [2 ** 30 - 1, '1 GiB'],
    [2 ** 30, '1 GiB'],
    [1550 * 2 ** 20, '1.51 GiB'],
    [2 ** 50, '1024 TiB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('is within half a percent, and never below where it rounds up', () => {
    const rng = new Rng('bytes');
    for (const exponent of rng.normals(200).map((value) => 27 + 6 * value)) {
      const bytes = Math.ceil(2 ** Math.max(0, exponent));
      expect(Math.abs(bytesOf(formatBytes(bytes)) / bytes - 1)).toBeLessThanOrEqual(0.005);
      const above = bytesOf(formatBytes(bytes, 'up'));
      expect(above).toBeGreaterThanOrEqual(bytes);
      expect(above / bytes).toBeLessThanOrEqual(1.01);
    }
    expect(formatBytes(2 ** 30 + 1, 'up')).toBe('1.01 GiB');
    expect(formatBytes(1023.2 * 2 ** 20, 'up')).toBe('1 GiB');
    expect(formatBytes(192 * 2 ** 20, 'up')).toBe('192 MiB');
  });
});

describe('formatSeconds', () => {
  it.each([
    [0, '0 ms'],
    [0.00123, '1.2 ms'],
    [0.324, '320 ms'],
    [0.9999, '1 s'],
    [27.3, '27 s'],
    [300, '5 min'],
    [9000, '2.5 h'],
  ])('%d is %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});
