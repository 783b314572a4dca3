import { describe, expect, it } from 'vitest';
import { interpret, ProgramBuilder, unitRoundoff } from '@ntk/tensor';

/** erf(x), correctly rounded (mpmath 1.3, 40 digits). */
const VALUES: readonly (readonly [x: number, erf: number])[] = [
  [1e-300, 1.1283791670955126e-300],
  [1e-10, 1.1283791670955126e-10],
  [0.001, 0.0011283787909692365],
  [0.1, 0.1124629160182849],
  [0.25, 0.27632639016823696],
  [0.5, 0.5204998778130465],
  [0.75, 0.7111556336535151],
  [1, 0.8427007929497149],
  [1.25, 0.9229001282564583],
  [1.5, 0.9661051464753108],
  [2, 0.9953222650189527],
  [2.25, 0.9985372834133188],
  [2.4375, 0.9994334567454198],
  // The two formulas meet at 2.5.
  [2.5, 0.999593047982555],
  [2.5625, 0.9997098311383266],
  [2.75, 0.9998993780778803],
  [3, 0.9999779095030014],
  [3.5, 0.9999992569016276],
  [4, 0.9999999845827421],
  [4.5, 0.9999999998033839],
  [5, 0.9999999999984626],
  [5.5, 0.9999999999999927],
  [5.875, 0.9999999999999999],
];

function erf(xs: readonly number[]): number[] {
  const b = new ProgramBuilder('erf');
  b.output('y', b.unary('erf', b.input('x', [xs.length])));
  return [...interpret(b.build(), 'float64', [Float64Array.from(xs)])[0]!.data];
}

describe('erf', () => {
  it.each(VALUES)('erf(%d) within four roundings', (x, expected) => {
    const [y, reflected] = erf([x, -x]);
    expect(Math.abs(y! - expected)).toBeLessThanOrEqual(4 * unitRoundoff('float64') * expected);
    expect(reflected).toBe(-y!);
  });

  it('ends at 1 and keeps signs, zeros and NaN', () => {
    expect(erf([6, 40, Infinity, -6, -Infinity, 0, -0, NaN])).toEqual([1, 1, 1, -1, -1, 0, -0, NaN]);
  });

  it('is monotonic where the formulas meet', () => {
    const xs = Array.from({ length: 200 }, (_, i) => 2.5 + (i - 100) * 1e-6);
    const ys = erf(xs);
    expect(ys.every((y, i) => i === 0 || y > ys[i - 1]!)).toBe(true);
  });
});
