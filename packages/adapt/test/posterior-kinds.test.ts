import { relativeError, trackTensors } from '@ntk/tensor/testing';
import {
  adapt,
  decodePosterior,
  encodePosterior,
  errorBoundOf,
  openPosterior,
  predictStored,
  restorePosterior,
  storePosterior,
  storedCovariances,
  type AdaptedNetwork,
  type StoreOptions,
  type StoredPosterior,
} from '@ntk/adapt';
import { kernelDiagonal, kernelMatrix, linearize } from '@ntk/jacobian';
import type { Matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { makeProblem } from './problem.ts';

/** What a new process would read. */
async function reopened(adapted: AdaptedNetwork, options: StoreOptions): Promise<StoredPosterior> {
  return decodePosterior(await encodePosterior(await storePosterior(adapted, options)), 'a.ntk');
}

const CASES = (['full', 'independent', 'shared'] as const).flatMap((outputs) =>
  (['network', 'zero', 'constant'] as const).map((mean) => ({ outputs, mean })),
);

describe.each(CASES)('a stored posterior, outputs $outputs, prior mean $mean', ({ outputs, mean }) => {
  const fit = async () => {
    const problem = await makeProblem({ outputs: 2 });
    const { network, backend, x, y } = problem;
    return { ...problem, adapted: await adapt(network, { x, y }, { backend, mean, outputs }) };
  };

  test.each([
    ['an exact root', { kind: 'root' }],
    ['the data', { kind: 'exact' }],
    ['all rows by Lanczos', { kind: 'root', rank: 1000 }],
  ] as const)('%s: predicts as before', async (_, variance) => {
    const { adapted, backend, xTest } = await fit();
    using owned = adapted;
    const expected = await owned.predict(xTest);
    const found = await predictStored(await reopened(owned, { variance }), xTest, { backend });
    expect(relativeError(found.mean, expected.mean)).toBeLessThan(1e-9);
    expect(relativeError(found.variance, expected.variance)).toBeLessThan(1e-8);
  });

  test('a root of low rank: never below, above by its bound at most', async () => {
    const { adapted, backend, network, xTest } = await fit();
    using owned = adapted;
    const expected = await owned.predict(xTest);
    using at = await linearize(network, xTest, { backend });
    const own = await kernelDiagonal(at);
    // Outputs that share a kernel have the average of theirs.
    const prior = own.map((value, i) => {
      const first = i - (i % 2);
      return owned.hyperparameters.priorVariance * (outputs === 'shared' ? (own[first]! + own[first + 1]!) / 2 : value);
    });
    for (const rank of [2, 8, 24]) {
      const stored = await reopened(owned, { variance: { kind: 'root', rank } });
      const found = await predictStored(stored, xTest, { backend });
      const bound = errorBoundOf(stored.variance);
      expect(relativeError(found.mean, expected.mean)).toBeLessThan(1e-9);
      found.variance.forEach((value, i) => {
        expect(value).toBeGreaterThanOrEqual(expected.variance[i]! - 1e-10 * prior[i]!);
        // An unknown constant has a flat prior, which no share of a prior variance bounds.
        if (mean !== 'constant') expect(value).toBeLessThanOrEqual(expected.variance[i]! + (bound + 1e-10) * prior[i]!);
      });
    }
  });

  test('samples: the same mean, variances with the error that their number allows', async () => {
    const { adapted, backend, xTest } = await fit();
    using owned = adapted;
    const expected = await owned.predict(xTest);
    const stored = await reopened(owned, { variance: { kind: 'samples', count: 400 } });
    const found = await predictStored(stored, xTest, { backend });
    expect(relativeError(found.mean, expected.mean)).toBeLessThan(1e-9);
    const ratios = found.variance.map((value, i) => value / expected.variance[i]!);
    // Five standard errors √(2/400) of a single one; their mean over correlated rows is not much better.
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(5 * Math.sqrt(2 / 400));
    const again = await reopened(owned, { variance: { kind: 'samples', count: 400 }, rng: new Rng('other') });
    expect((await predictStored(again, xTest, { backend })).variance).not.toEqual(found.variance);
  });

  test('none: means only', async () => {
    const { adapted, backend, xTest } = await fit();
    using owned = adapted;
    const expected = await owned.predict(xTest);
    const found = await predictStored(await reopened(owned, { variance: { kind: 'none' } }), xTest, { backend });
    expect(relativeError(found.mean, expected.mean)).toBeLessThan(1e-9);
    expect(found.variance.every(Number.isNaN)).toBe(true);
  });
});

test.each([
  { solver: 'cg', space: 'function' },
  { solver: 'cg', space: 'parameter' },
  { solver: 'lsmr', space: 'parameter' },
] as const)(
  'a posterior by $solver in $space space is stored with its mean, and variances that err upwards',
  async (how) => {
    const { network, backend, x, y, xTest } = await makeProblem({ outputs: 2 });
    const options = { backend, noise: Float64Array.of(0.02, 0.05), priorVariance: 0.5 };
    using exact = await adapt(network, { x, y }, options);
    using adapted = await adapt(network, { x, y }, { ...options, ...how, rtol: 1e-10 });
    const expected = await exact.predict(xTest);
    const own = await adapted.predict(xTest);
    for (const variance of [{ kind: 'auto' }, { kind: 'samples', count: 400 }, { kind: 'exact' }] as const) {
      const stored = await reopened(adapted, { variance });
      expect(relativeError(stored.noiseVariances, options.noise)).toBeLessThan(1e-12);
      const found = await predictStored(stored, xTest, { backend });
      expect(relativeError(found.mean, own.mean)).toBeLessThan(1e-6);
      if (variance.kind !== 'samples') expect(relativeError(found.variance, expected.variance)).toBeLessThan(1e-6);
      else found.variance.forEach((value, i) => expect(Math.abs(value / expected.variance[i]! - 1)).toBeLessThan(0.36));
    }
  },
);

test('one noise variance a target is kept with the data', async () => {
  const { network, backend, x, y, xTest } = await makeProblem();
  const noise = y.map((_, i) => 0.01 * (1 + (i % 3)));
  using adapted = await adapt(network, { x, y }, { backend, noise, priorVariance: 1 });
  const stored = await reopened(adapted, { variance: { kind: 'exact' } });
  expect(await predictStored(stored, xTest, { backend })).toEqual(await adapted.predict(xTest));
});

test('a posterior with its data takes more examples: as if they had been there, and as an update of its factor', async () => {
  const { network, backend, x, y, xTest } = await makeProblem();
  const variances = { noise: 0.02, priorVariance: 0.5 };
  const part = { x: x.subarray(0, 40), y: y.subarray(0, 20) };
  const more = { x: x.subarray(40), y: y.subarray(20) };
  using first = await adapt(network, part, { backend, ...variances, space: 'function' });
  using all = await adapt(network, { x, y }, { backend, ...variances, space: 'function' });
  using extended = await restorePosterior(await reopened(first, { variance: { kind: 'exact' } }), { backend, more });
  const expected = await all.predict(xTest);
  expect(await extended.predict(xTest)).toEqual(expected);
  const { inference, linearization } = first;
  if (inference.kind !== 'kernel') throw new Error(inference.kind);
  using added = await linearize(network, more.x, { backend });
  using appended = await inference.posterior.append({
    kNewTrain: await kernelMatrix(added, linearization),
    kNewNew: await kernelMatrix(added),
    yNew: Float64Array.from(more.y),
    noise: 0.02,
    priorMean: Float64Array.from(await backend.read(added.outputs)),
  });
  using at = await linearize(network, xTest, { backend });
  using old = await linearize(network, x, { backend });
  const query = { kTestTrain: await kernelMatrix(at, old), kTestDiagonal: await kernelDiagonal(at) };
  expect(relativeError(await appended.variance(query), expected.variance)).toBeLessThan(1e-8);
  using apart = await adapt(network, part, { backend, noise: part.y.map(() => 0.02), priorVariance: 0.5 });
  const own = await reopened(apart, { variance: { kind: 'exact' } });
  await expect(restorePosterior(own, { backend, more })).rejects.toThrow(/0 noise variances for 4 new targets/);
  using both = await restorePosterior(own, { backend, more: { ...more, noise: more.y.map(() => 0.02) } });
  expect(relativeError((await both.predict(xTest)).mean, expected.mean)).toBeLessThan(1e-8);
});

describe.each(['function', 'parameter'] as const)('a posterior by conjugate gradients in %s space', (space) => {
  test.each(['network', 'constant'] as const)('starts again from what it found, prior mean %s', async (mean) => {
    const { network, backend, x, y, xTest } = await makeProblem({ n: 40, outputs: 2 });
    const rtol = 1e-6;
    const options = {
      backend,
      mean,
      space,
      solver: 'cg',
      preconditioner: 'none',
      noise: 0.01,
      priorVariance: 0.5,
      rtol,
    } as const;
    const part = { x: x.subarray(0, 76), y: y.subarray(0, 76) };
    const more = { x: x.subarray(76), y: y.subarray(76) };
    using first = await adapt(network, part, options);
    const stored = await reopened(first, { variance: { kind: 'exact' } });
    using again = await restorePosterior(stored, { backend });
    expect(again.solution!.stats.steps).toBe(0);
    using cold = await adapt(network, { x, y }, options);
    using extended = await restorePosterior(stored, { backend, more });
    using warm = await adapt(network, { x, y }, { ...options, start: unknownsOf(first) });
    expect(warm.solution!.stats.steps).toBeLessThan(cold.solution!.stats.steps);
    expect(extended.solution!.stats.steps).toBeLessThan(cold.solution!.stats.steps);
    const [found, expected] = [await extended.predict(xTest), await cold.predict(xTest)];
    expect(relativeError(found.mean, expected.mean)).toBeLessThan(1e3 * rtol);
    expect(relativeError(found.variance, expected.variance)).toBeLessThan(1e3 * rtol);
    console.log(
      `${space} space, ${mean}: ${cold.solution!.stats.steps} steps anew, ${extended.solution!.stats.steps} from a stored posterior`,
    );
  });
});

describe('what is stored', () => {
  test.each(CASES)('joint covariances, outputs $outputs, prior mean $mean', async ({ outputs, mean }) => {
    const { network, backend, x, y, xTest } = await makeProblem({ outputs: 2 });
    using adapted = await adapt(network, { x, y }, { backend, mean, outputs });
    const root = await reopened(adapted, {});
    const { variance } = await predictStored(root, xTest, { backend });
    const found = await storedCovariances(root, xTest, { backend });
    const exact = await storedCovariances(await reopened(adapted, { variance: { kind: 'exact' } }), xTest, { backend });
    expect(found.length).toBe(outputs === 'full' ? 1 : 2);
    found.forEach(({ data, rows }, i) => {
      const diagonal = Float64Array.from({ length: rows }, (_, row) => data[row * (rows + 1)]!);
      const own = outputs === 'full' ? variance : variance.filter((_, row) => row % 2 === i);
      expect(relativeError(diagonal, own)).toBeLessThan(1e-9);
      expect(relativeError(exact[i]!.data, data)).toBeLessThan(1e-7);
      expect(data).toEqual(data.map((_, at) => data[(at % rows) * rows + Math.floor(at / rows)]!));
    });
    const means = await reopened(adapted, { variance: { kind: 'none' } });
    await expect(storedCovariances(means, xTest, { backend })).rejects.toThrow(/variance none, expected root/);
  });

  test('is what fits, unless it is named', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 60 });
    using adapted = await adapt(network, { x, y }, { backend, space: 'function', noise: 0.01 });
    const { p } = adapted.linearization;
    const kindAt = async (numbers: number, variance: StoreOptions['variance'] = { kind: 'auto' }) =>
      (await storePosterior(adapted, { maxBytes: 8 * numbers, variance })).variance;
    expect(errorBoundOf(await kindAt(60 * (p + 60)))).toBe(0);
    const cut = await kindAt(20 * (p + 20));
    expect(cut).toMatchObject({
      kind: 'root',
      roots: [{ root: { form: 'cached', cache: { weights: { rows: 20 } } } }],
    });
    expect(errorBoundOf(cut)).toBeGreaterThan(0);
    expect(await kindAt(15 * (p + 15))).toEqual({ kind: 'none' });
    await expect(kindAt(15 * (p + 15), { kind: 'root' })).rejects.toThrow(/fit 15 rows of \d+ numbers.*--layers last/);
    expect(await kindAt(20 * p, { kind: 'samples' })).toMatchObject({ kind: 'samples', count: 20 });
    await expect(kindAt(10 * p, { kind: 'samples' })).rejects.toThrow(/fit 10 samples/);
    await expect(kindAt(0, { kind: 'samples', count: 3 })).rejects.toThrow(/got 3 samples/);
    await expect(kindAt(0, { kind: 'root', rank: 0 })).rejects.toThrow(/rank 0/);
  });

  test('float32 products: a root of low rank stays above to their rounding', async () => {
    const { network, backend, x, y, xTest } = await makeProblem({ n: 60 });
    const options = { backend, space: 'function', noise: 0.01, priorVariance: 0.5 } as const;
    using exact = await adapt(network, { x, y }, options);
    using adapted = await adapt(network, { x, y }, { ...options, dtype: 'float32' });
    const expected = await exact.predict(xTest);
    using at = await linearize(network, xTest, { backend });
    const prior = await kernelDiagonal(at);
    for (const rank of [4, 16, 60]) {
      const stored = await reopened(adapted, { variance: { kind: 'root', rank } });
      expect(stored.dtype).toBe('float32');
      const { variance } = await predictStored(stored, xTest, { backend });
      variance.forEach((value, i) =>
        expect(value).toBeGreaterThanOrEqual(expected.variance[i]! - 1e-6 * 0.5 * prior[i]!),
      );
    }
  });

  test('roots are uploaded once, however many batches and predictions there are', async () => {
    const { network, backend: inner, x, y } = await makeProblem();
    const uploaded: string[] = [];
    const backend = trackTensors({
      ...inner,
      upload: (data, shape) => {
        uploaded.push(shape.join(' × '));
        return inner.upload(data, shape);
      },
    });
    {
      using adapted = await adapt(network, { x, y }, { backend: inner, space: 'function', solver: 'cholesky' });
      const stored = await reopened(adapted, { variance: { kind: 'root' } });
      using open = await openPosterior(stored, { backend });
      const xTest = new Rng('batches').normals(2 * 650);
      expect(await open.predict(xTest)).toEqual(await open.predict(xTest));
      expect(uploaded.filter((shape) => shape === `24 × ${adapted.linearization.p}`)).toHaveLength(1);
    }
    expect(backend.describeLive()).toEqual([]);
  });

  test('a posterior with its data is the adapted network again', async () => {
    const { network, x, y, xTest } = await makeProblem();
    const backend = trackTensors((await makeProblem()).backend);
    {
      using adapted = await adapt(network, { x, y }, { backend });
      const stored = await reopened(adapted, { variance: { kind: 'exact' } });
      using restored = await restorePosterior(stored, { backend });
      expect(restored.hyperparameters.noiseVariance).toBe(adapted.hyperparameters.noiseVariance);
      expect(restored.inference.posterior.logMarginalLikelihood).toBe(
        adapted.inference.posterior.logMarginalLikelihood,
      );
      using open = await openPosterior(stored, { backend });
      expect(await open.predict(xTest)).toEqual(await adapted.predict(xTest));
      await expect(openPosterior(stored, { backend, memory: 2 ** 20 })).rejects.toThrow(/do not fit in 1 MiB/);
      await expect(storedCovariances(stored, xTest, { backend, memory: 2 ** 20 })).rejects.toThrow(/do not fit/);
      using larger = await restorePosterior(stored, { backend, memory: 2 ** 33 });
      expect(larger.plan.memory).toBe(2 ** 33);
      const root = await reopened(adapted, {});
      await expect(restorePosterior(root, { backend })).rejects.toThrow(/without its training data/);
    }
    expect(backend.describeLive()).toEqual([]);
  });
});

function unknownsOf({ inference }: AdaptedNetwork): Matrix {
  if (inference.kind !== 'operator') throw new Error(inference.kind);
  return inference.posterior.unknowns!;
}
