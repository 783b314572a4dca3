import { describe, expect, it } from 'vitest';
import { Rng } from '@ntk/tensor';

function moments(values: ArrayLike<number>): { mean: number; variance: number; fourth: number } {
  const n = values.length;
  const all = Array.from(values);
  const mean = all.reduce((sum, x) => sum + x, 0) / n;
  const central = (power: number): number => all.reduce((sum, x) => sum + (x - mean) ** power, 0) / n;
  return { mean, variance: central(2), fourth: central(4) };
}

describe('Rng', () => {
  // Stored results name seeds: these numbers, from another implementation of sfc32, must never change.
  it.each([
    { seed: 0, stream: [0.22720317582617577, 0.5544478787869239, 0.4590155013972306, 0.7827167631709093] },
    { seed: 1, stream: [0.22769075850426213, 0.08683365589815162, 0.7353518121198316, 0.24473592085909412] },
    {
      seed: 'data/fold-3',
      stream: [0.06607783718071991, 0.6262048340679731, 0.012432096720943475, 0.5017047329851223],
    },
  ])('gives the stream of seed $seed', ({ seed, stream }) => {
    const rng = new Rng(seed);
    expect(stream.map(() => rng.uniform())).toEqual(stream);
  });

  it('forks by seed and label, whatever was drawn', () => {
    const rng = new Rng('data');
    rng.normals(7);
    expect(rng.fork('fold-3').uniform()).toBe(0.06607783718071991);
    expect(new Rng(1).fork(2).uniform()).not.toBe(new Rng(1).fork(3).uniform());
    expect(new Rng(1).fork(2).uniform()).not.toBe(new Rng(2).fork(2).uniform());
  });

  it('has the moments of a uniform variable', () => {
    const rng = new Rng(3);
    const n = 50_000;
    const values = Float64Array.from({ length: n }, () => rng.uniform());
    const { mean, variance } = moments(values);
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true);
    // Five standard errors: of the mean √(1/12n), of the variance √((1/80 − 1/144)/n).
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt((1 / 80 - 1 / 144) / n));
  });

  it('has the moments of a standard normal variable', () => {
    const n = 50_000;
    const values = new Rng(4).normals(n);
    const { mean, variance, fourth } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(fourth - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    // Box and Muller give pairs: the two must not be related.
    let product = 0;
    for (let i = 0; i < n; i += 2) product += values[i]! * values[i + 1]!;
    expect(Math.abs(product / (n / 2))).toBeLessThan(5 / Math.sqrt(n / 2));
  });

  it('draws normals one by one as in a block', () => {
    const rng = new Rng(5);
    expect(Array.from({ length: 5 }, () => rng.normal())).toEqual([...new Rng(5).normals(5)]);
  });

  it('draws integers below a bound evenly', () => {
    const rng = new Rng(6);
    const counts = new Array<number>(7).fill(0);
    const n = 70_000;
    for (let i = 0; i < n; i++) {
      const k = rng.integer(7);
      counts[k] = counts[k]! + 1;
    }
    // χ² with 6 degrees of freedom exceeds 32.9 once in 90,000.
    expect(counts.reduce((sum, count) => sum + (count - n / 7) ** 2 / (n / 7), 0)).toBeLessThan(32.9);
    expect(rng.integer(1)).toBe(0);
  });

  it('permutes, each element in each place evenly', () => {
    const rng = new Rng(7);
    const n = 24_000;
    const orders = new Map<string, number>();
    for (let i = 0; i < n; i++) {
      const order = rng.permutation(4).join();
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    // χ² with 23 degrees of freedom exceeds 65 once in 150,000.
    const chi2 = [...orders.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi2).toBeLessThan(65);
    expect(rng.permutation(0)).toEqual([]);
    expect(rng.permutation(9).toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
