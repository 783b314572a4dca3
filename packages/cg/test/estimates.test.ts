import {
  type DiagonalEstimate,
  type Estimate,
  hutchPlusPlus,
  jacobi,
  nystrom,
  pivotedCholesky,
  stochasticLanczosTrace,
  stochasticLogDeterminant,
  studentQuantile,
  xdiag,
  xtrace,
} from '@ntk/cg';
import {
  type LinearOperator,
  type Matrix,
  diagonalOperator,
  eigenvaluesOf,
  matrix,
  matrixOperator,
  syrk,
} from '@ntk/linop';
import { geometricSpectrum, matrixWithSpectrum, randomMatrix } from '@ntk/linop/testing';
import { Rng, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { U, definite, noisyKernel } from './kernels.ts';

const backend = cpuBackend();
const N = 40;
const SEEDS = 100;
/** Fewer hits than this of 100 happen once in 300 times at a true coverage of 95 %. */
const LEAST_HITS = 88;

const MATRICES: readonly (readonly [name: string, a: Matrix])[] = [
  ['a kernel', noisyKernel(N, 1e-2, new Rng(1))],
  ['eigenvalues in geometric progression', matrixWithSpectrum(geometricSpectrum(N, 1e3), new Rng(2))],
  [
    'eigenvalues of one size',
    matrixWithSpectrum(
      Float64Array.from({ length: N }, (_, i) => 1 + i / N),
      new Rng(3),
    ),
  ],
];

interface Case {
  readonly name: string;
  readonly f: (eigenvalue: number) => number;
  readonly estimate: (A: LinearOperator, rng: Rng, noiseVariance: number) => Promise<Estimate>;
}

const identity = (eigenvalue: number): number => eigenvalue;
const CASES: readonly Case[] = [
  { name: 'xtrace, 30 products', f: identity, estimate: (A, rng) => xtrace(A, { rng, products: 30 }) },
  { name: 'xtrace, 12 products', f: identity, estimate: (A, rng) => xtrace(A, { rng, products: 12 }) },
  { name: 'hutch++, 30 products', f: identity, estimate: (A, rng) => hutchPlusPlus(A, { rng, products: 30 }) },
  { name: 'hutch++, 12 products', f: identity, estimate: (A, rng) => hutchPlusPlus(A, { rng, products: 12 }) },
  { name: 'log-determinant', f: Math.log, estimate: (A, rng) => stochasticLogDeterminant(A, { rng, probes: 10 }) },
  {
    name: 'log-determinant beside a pivoted Cholesky model',
    f: Math.log,
    estimate: (A, rng, noiseVariance) =>
      stochasticLogDeterminant(A, { rng, probes: 6, preconditioner: pivotedCholesky({ rank: 20, noiseVariance }) }),
  },
  {
    name: 'log-determinant beside a Nyström model',
    f: Math.log,
    estimate: (A, rng, noiseVariance) => {
      const preconditioner = nystrom({ rank: 20, noiseVariance, rng });
      return stochasticLogDeterminant(A, { rng, probes: 6, preconditioner });
    },
  },
  {
    name: 'trace of the inverse',
    f: (eigenvalue) => 1 / eigenvalue,
    estimate: (A, rng) => stochasticLanczosTrace(A, (x) => 1 / x, { rng, probes: 8 }),
  },
];

describe.each(MATRICES)('intervals of 95 %% for $0', (_, a) => {
  const eigenvalues = eigenvaluesOf(a);

  it.each(CASES)('hold the truth: $name', async ({ f, estimate }) => {
    using A = definite(a, backend);
    const truth = eigenvalues.reduce((sum, value) => sum + f(value), 0);
    let hits = 0;
    let squaredError = 0;
    let claimed = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const { value, lower, upper, standardError } = await estimate(A, new Rng(seed), eigenvalues[0]! * 0.999);
      if (lower <= truth && truth <= upper) hits++;
      squaredError += (value - truth) ** 2;
      claimed += standardError ** 2;
    }
    expect(hits).toBeGreaterThanOrEqual(LEAST_HITS);
    // The standard error is neither flattering nor timid; its own spread over 100 seeds is about a tenth.
    expect(Math.sqrt(claimed / squaredError)).toBeGreaterThan(0.7);
    expect(Math.sqrt(claimed / squaredError)).toBeLessThan(1.4);
  });

  it.each([12, 30])('hold the entries of the diagonal, %i products', async (products) => {
    using A = definite(a, backend);
    const hits = new Float64Array(N);
    let squaredError = 0;
    let claimed = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const { value, standardError, lower, upper } = await xdiag(A, { rng: new Rng(seed), products });
      for (let at = 0; at < N; at++) {
        const truth = a.data[at * N + at]!;
        if (lower[at]! <= truth && truth <= upper[at]!) hits[at]!++;
        squaredError += (value[at]! - truth) ** 2;
        claimed += standardError[at]! ** 2;
      }
    }
    const mean = hits.reduce((sum, count) => sum + count / N, 0);
    expect(mean).toBeGreaterThanOrEqual(92);
    expect(Math.min(...hits)).toBeGreaterThanOrEqual(LEAST_HITS);
    expect(Math.sqrt(claimed / squaredError)).toBeGreaterThan(0.85);
    expect(Math.sqrt(claimed / squaredError)).toBeLessThan(1.2);
  });
});

describe('the estimators', () => {
  const falling = matrixWithSpectrum(
    Float64Array.from({ length: N }, (_, i) => 0.5 ** i),
    new Rng(4),
  );

  it('are far better than plain random vectors where eigenvalues fall fast', async () => {
    using A = definite(falling, backend);
    const truth = 2 - 0.5 ** (N - 1);
    const errorOf = async (estimate: (rng: Rng) => Promise<Estimate>): Promise<number> => {
      let squares = 0;
      for (let seed = 0; seed < 20; seed++) squares += ((await estimate(new Rng(seed))).value - truth) ** 2;
      return Math.sqrt(squares / 20);
    };
    const plain = await errorOf((rng) => stochasticLanczosTrace(A, identity, { rng, probes: 30 }));
    const better = await errorOf((rng) => hutchPlusPlus(A, { rng, products: 30 }));
    const best = await errorOf((rng) => xtrace(A, { rng, products: 30 }));
    expect(better).toBeLessThan(plain / 50);
    expect(best).toBeLessThan(better / 2);
  });

  it('are exact for an operator of low rank, and with as many vectors as dimensions', async () => {
    const a = syrk(randomMatrix(N, 4, new Rng(5)));
    const truth = Array.from({ length: N }, (_, i) => a.data[i * N + i]!);
    const trace = truth.reduce((sum, entry) => sum + entry, 0);
    using A = definite(a, backend);
    using B = definite(MATRICES[0]![1], backend);
    const traceOfB = N * 1.01;
    for (const estimate of [xtrace, hutchPlusPlus]) {
      const low = await estimate(A, { rng: new Rng(6), products: 24 });
      expect(Math.abs(low.value - trace)).toBeLessThan(1e-12 * trace);
      expect(low.standardError).toBeLessThan(1e-12 * trace);
      const full = await estimate(B, { rng: new Rng(6), products: 3 * N });
      expect(Math.abs(full.value - traceOfB)).toBeLessThan(1e-12 * traceOfB);
      expect(full.standardError).toBe(0);
    }
    const low = await xdiag(A, { rng: new Rng(6), products: 24 });
    expect(Math.max(...low.value.map((entry, i) => Math.abs(entry - truth[i]!)))).toBeLessThan(1e-12 * trace);
    const full = await xdiag(B, { rng: new Rng(6), products: 2 * N });
    expect(Math.max(...full.value.map((entry) => Math.abs(entry - 1.01)))).toBeLessThan(1e-11);
    expect(Math.max(...full.standardError)).toBe(0);
  });

  it('take operators that are not symmetric', async () => {
    const rng = new Rng(7);
    const a = randomMatrix(N, 3, rng);
    const b = randomMatrix(N, 3, rng);
    const entries = matrix(N, N);
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) {
        for (let l = 0; l < 3; l++) entries.data[i * N + j]! += a.data[i * 3 + l]! * b.data[j * 3 + l]!;
      }
    }
    using A = matrixOperator(entries, { backend });
    const diagonal = Array.from({ length: N }, (_, i) => entries.data[i * N + i]!);
    const trace = diagonal.reduce((sum, entry) => sum + entry, 0);
    expect((await xtrace(A, { rng, products: 20 })).value).toBeCloseTo(trace, 9);
    expect((await hutchPlusPlus(A, { rng, products: 20 })).value).toBeCloseTo(trace, 9);
    const estimate = await xdiag(A, { rng, products: 20 });
    estimate.value.forEach((entry, i) => expect(entry).toBeCloseTo(diagonal[i]!, 9));
  });

  it('are exact for the identity and for one dimension', async () => {
    using A = diagonalOperator(new Float64Array(9).fill(3), { backend });
    using B = diagonalOperator(Float64Array.of(5), { backend });
    const rng = new Rng(8);
    const of = async (operator: LinearOperator): Promise<readonly Estimate[]> => [
      await xtrace(operator, { rng }),
      await hutchPlusPlus(operator, { rng }),
      await stochasticLanczosTrace(operator, identity, { rng }),
    ];
    for (const { value, lower, upper } of await of(A)) {
      expect(value).toBeCloseTo(27, 11);
      expect(upper - lower).toBeLessThan(1e-11);
    }
    for (const { value, lower, upper } of await of(B)) {
      expect(value).toBeCloseTo(5, 12);
      expect(upper - lower).toBeLessThan(1e-12);
    }
    const diagonal: DiagonalEstimate = await xdiag(B, { rng });
    expect([diagonal.value[0], diagonal.lower[0], diagonal.upper[0]]).toEqual([5, 5, 5]);
    const logDeterminant = await stochasticLogDeterminant(A, { rng, preconditioner: jacobi() });
    expect(logDeterminant.value).toBeCloseTo(9 * Math.log(3), 12);
    expect(logDeterminant.truncation).toBe(0);
  });

  it('give the same numbers for the same seed, others for another, and leave the stream where it was', async () => {
    using A = definite(MATRICES[0]![1], backend);
    const rng = new Rng(9);
    const first = [
      await xtrace(A, { rng }),
      await hutchPlusPlus(A, { rng }),
      await stochasticLogDeterminant(A, { rng }),
    ];
    expect(rng.uniform()).toBe(new Rng(9).uniform());
    const again = [
      await xtrace(A, { rng }),
      await hutchPlusPlus(A, { rng }),
      await stochasticLogDeterminant(A, { rng }),
    ];
    expect(again).toEqual(first);
    expect((await xtrace(A, { rng: new Rng(10) })).value).not.toBe(first[0]!.value);
  });

  it('spend what they are given, and say so', async () => {
    const tracked = trackTensors(cpuBackend());
    let products = 0;
    {
      using inner = definite(MATRICES[0]![1], tracked);
      const A: LinearOperator = {
        ...inner,
        matmul: async (x) => {
          products += x.shape[0]!;
          return inner.matmul(x);
        },
      };
      for (const estimate of [
        () => xtrace(A, { rng: new Rng(1), products: 31 }),
        () => hutchPlusPlus(A, { rng: new Rng(1), products: 31 }),
        () => xdiag(A, { rng: new Rng(1), products: 31 }),
        () => stochasticLanczosTrace(A, identity, { rng: new Rng(1), probes: 3, maxSteps: 10 }),
      ]) {
        products = 0;
        const { products: said } = await estimate();
        expect(said).toBe(products);
        expect(said).toBeLessThanOrEqual(31);
      }
    }
    expect(tracked.describeLive()).toEqual([]);
  });

  it('say how much the quadrature still moves where the steps are too few', async () => {
    using A = definite(matrixWithSpectrum(geometricSpectrum(N, 1e6), new Rng(11)), backend);
    const few = await stochasticLogDeterminant(A, { rng: new Rng(12), maxSteps: 8 });
    const many = await stochasticLogDeterminant(A, { rng: new Rng(12), maxSteps: N });
    expect(few.steps).toBe(8);
    expect(few.truncation).toBeGreaterThan(0.3 * (few.value - many.value));
    expect(many.truncation).toBeLessThan(0.05 * many.standardError);
  });

  it('refuse what they cannot do', async () => {
    const rng = new Rng(13);
    using wide = matrixOperator(matrix(2, 3), { backend, tags: ['positive-definite'] });
    using plain = matrixOperator(matrix(2, 2), { backend });
    using indefinite = definite(matrixWithSpectrum([1, -1, 2], rng), backend);
    using broken = definite(matrix(2, 2, Float64Array.of(1, NaN, NaN, 1)), backend);
    for (const estimate of [xtrace, hutchPlusPlus, xdiag]) {
      await expect(estimate(wide, { rng })).rejects.toMatchObject({ name: 'ShapeError' });
      await expect(estimate(plain, { rng, products: 3 })).rejects.toThrow(/products 3/);
      await expect(estimate(plain, { rng, confidence: 95 })).rejects.toThrow(/confidence 95/);
    }
    await expect(stochasticLogDeterminant(plain, { rng })).rejects.toMatchObject({ name: 'TagError' });
    await expect(stochasticLogDeterminant(indefinite, { rng })).rejects.toMatchObject({ status: 'breakdown' });
    await expect(stochasticLogDeterminant(broken, { rng })).rejects.toMatchObject({ status: 'non-finite-input' });
    await expect(stochasticLogDeterminant(indefinite, { rng, probes: 1 })).rejects.toThrow(/probes 1/);
  });
});

describe('studentQuantile', () => {
  // Fisher's table, as printed in every textbook.
  it.each([
    [0.975, 1, 12.706],
    [0.975, 2, 4.303],
    [0.975, 5, 2.571],
    [0.995, 9, 3.25],
    [0.975, 30, 2.042],
    [0.95, 120, 1.658],
  ])('of %d with %i degrees of freedom is %d', (probability, freedom, expected) => {
    expect(studentQuantile(probability, freedom)).toBeCloseTo(expected, 3);
    expect(studentQuantile(1 - probability, freedom)).toBeCloseTo(-expected, 3);
  });

  it('has a closed form for one and for two degrees', () => {
    for (const p of [0.6, 0.9, 0.999]) {
      expect(studentQuantile(p, 1)).toBeCloseTo(Math.tan(Math.PI * (p - 0.5)), 10);
      expect(studentQuantile(p, 2)).toBeCloseTo((2 * p - 1) / Math.sqrt(2 * p * (1 - p)), 10);
    }
    expect(Math.abs(studentQuantile(0.5, 7))).toBeLessThan(100 * U);
  });

  it('refuses numbers outside its domain', () => {
    expect(() => studentQuantile(1, 3)).toThrow(/probability 1/);
    expect(() => studentQuantile(0.9, 0)).toThrow(/0 degrees/);
  });
});
