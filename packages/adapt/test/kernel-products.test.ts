import {
  adapt,
  decodePosterior,
  encodePosterior,
  restorePosterior,
  storePosterior,
  type AdaptOptions,
} from '@ntk/adapt';
import { kernelDiagonal, linearize } from '@ntk/jacobian';
import { Rng } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { makeProblem } from './problem.ts';

const { network, backend, x, xTest } = await makeProblem({ n: 40, outputs: 2, hidden: [30, 30] });
const rng = new Rng('noise');
/** With noise whose variance is far below the rounding of a kernel in float32, which has a diagonal of some hundred times the variance of the targets. */
const y = Float64Array.from(
  { length: 80 },
  (_, i) => Math.sin(x[2 * Math.floor(i / 2)]! + (i % 2)) + 1e-3 * rng.normal(),
);

async function meanDiagonal(): Promise<number> {
  using l = await linearize(network, x, { backend });
  const diagonal = await kernelDiagonal(l);
  return diagonal.reduce((sum, value) => sum + value, 0) / diagonal.length;
}

describe('a kernel of float32 factors with products in float64', () => {
  // Of the diagonal of the prior covariance, a millionth.
  const ratio = 1e-6;

  test.each(['full', 'independent', 'shared'] as const)(
    'outputs %s: predictions are those of float64',
    async (outputs) => {
      const tracked = trackTensors(backend);
      const options = { backend: tracked, outputs, noise: ratio, priorVariance: 1 / (await meanDiagonal()) };
      {
        const predicted = async (how: Pick<AdaptOptions, 'dtype' | 'productDtype'>) => {
          using adapted = await adapt(network, { x, y }, { ...options, ...how, space: 'function', solver: 'cholesky' });
          return { ...(await adapted.predict(xTest)), method: adapted.plan.method };
        };
        const exact = await predicted({ dtype: 'float64' });
        const chosen = await predicted({ dtype: 'float32' });
        const plain = await predicted({ dtype: 'float32', productDtype: 'float32' });
        expect(chosen.method).toMatchObject({ dtype: 'float32', productDtype: 'float64' });
        expect(plain.method).toMatchObject({ dtype: 'float32', productDtype: 'float32' });
        const worst = (variance: Float64Array): number =>
          Math.max(...variance.map((value, i) => Math.abs(value / exact.variance[i]! - 1)));
        // The Jacobian is off by 2⁻²⁴, and the system amplifies that by the root of its condition number at most.
        const bound = 2 ** -24 * Math.sqrt(80 / ratio) * 10;
        expect(relativeError(chosen.mean, exact.mean)).toBeLessThan(bound);
        expect(worst(chosen.variance)).toBeLessThan(bound);
        expect(worst(plain.variance)).toBeGreaterThan(bound);
      }
      expect(tracked.describeLive()).toEqual([]);
    },
  );

  test('noise below the rounding of float32 is learned as in float64', async () => {
    const learned = async (how: Pick<AdaptOptions, 'dtype' | 'productDtype'>) => {
      using adapted = await adapt(network, { x, y }, { backend, ...how, space: 'function', solver: 'cholesky' });
      return adapted.hyperparameters;
    };
    const exact = await learned({ dtype: 'float64' });
    const chosen = await learned({ dtype: 'float32' });
    expect(exact.onEdge).toBeUndefined();
    expect(Math.abs(chosen.noiseVariance / exact.noiseVariance - 1)).toBeLessThan(1e-3);
    expect(Math.abs(chosen.priorVariance / exact.priorVariance - 1)).toBeLessThan(1e-3);
    expect((await learned({ dtype: 'float32', productDtype: 'float32' })).onEdge).toBe('lower');
  });

  test.each(['float32', 'float64'] as const)(
    'a restored posterior has products in %s again, on more examples too',
    async (productDtype) => {
      const options = { backend, dtype: 'float32', productDtype, noise: ratio, priorVariance: 1 } as const;
      const by = { space: 'function', solver: 'cholesky' } as const;
      using adapted = await adapt(network, { x: x.slice(0, 60), y: y.slice(0, 60) }, { ...options, ...by });
      const stored = await decodePosterior(
        await encodePosterior(await storePosterior(adapted, { variance: { kind: 'exact' } })),
        'a.ntk',
      );
      using restored = await restorePosterior(stored, { backend });
      expect(restored.plan.method).toEqual(adapted.plan.method);
      expect(await restored.predict(xTest)).toEqual(await adapted.predict(xTest));
      using all = await adapt(network, { x, y }, { ...options, ...by });
      using updated = await restorePosterior(stored, { backend, more: { x: x.slice(60), y: y.slice(60) } });
      expect(await updated.predict(xTest)).toEqual(await all.predict(xTest));
      using exact = await restorePosterior(stored, { backend, dtype: 'float64' });
      expect(exact.plan.method.productDtype).toBe('float64');
      const single = { ...backend, supports: { ...backend.supports, float64: false } };
      using narrow = await restorePosterior(stored, { backend: single });
      expect(narrow.plan.method.productDtype).toBe('float32');
    },
  );
});
