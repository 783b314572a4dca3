import {
  bernoulliLikelihood,
  categoricalLikelihood,
  fisherVectorProductFd,
  gaussianLikelihood,
  ggnOperator,
  linearize,
  poissonLikelihood,
  type Likelihood,
} from '@ntk/jacobian';
import { Rng, cpuBackend, type DType } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { expect, test } from 'vitest';
import { randomDense } from './networks.ts';

const backend = cpuBackend();
const rng = new Rng('fisher');
const network = randomDense([3, 8, 2], rng);
const x = rng.normals(3 * 20);

async function exact(likelihood: Likelihood, v: Float64Array): Promise<Float64Array> {
  using l = await linearize(network, x, { backend });
  const operator = await ggnOperator(l, likelihood);
  using input = backend.upload(v, [1, l.p]);
  using product = await operator.matmul(input);
  return Float64Array.from(await backend.read(product));
}

const likelihoods = [gaussianLikelihood(0.5), bernoulliLikelihood(), categoricalLikelihood(2), poissonLikelihood()];
const v = rng.normals(3 * 8 + 8 + 16 + 2);

test.each(likelihoods)('$name: tends to the exact product as the step shrinks, in float64', async (likelihood) => {
  const expected = await exact(likelihood, v);
  const error = async (epsilon: number): Promise<number> =>
    relativeError(await fisherVectorProductFd(network, x, v, likelihood, { backend, epsilon }), expected);
  const [coarse, fine] = [await error(1e-3), await error(1e-6)];
  expect(fine).toBeLessThan(1e-4);
  expect(fine).toBeLessThan(coarse / 100);
});

test('in float32 no step gives more than four digits, where the exact product gives six', async () => {
  const likelihood = gaussianLikelihood(1);
  const expected = await exact(likelihood, v);
  const errors = await Promise.all(
    [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6].map(async (epsilon) =>
      relativeError(
        await fisherVectorProductFd(network, x, v, likelihood, { backend, dtype: 'float32', epsilon }),
        expected,
      ),
    ),
  );
  expect(Math.min(...errors)).toBeGreaterThan(1e-5);
  using l = await linearize(network, x, { backend, dtype: 'float32' });
  const operator = await ggnOperator(l, likelihood);
  using input = backend.upload(new Float32Array(v), [1, l.p]);
  using product = await operator.matmul(input);
  expect(relativeError(await backend.read(product), expected)).toBeLessThan(1e-6);
});

test('a direction of another length, a step of zero', async () => {
  const likelihood = gaussianLikelihood(1);
  await expect(fisherVectorProductFd(network, x, v.slice(1), likelihood, { backend })).rejects.toThrow(/expected 50/);
  await expect(fisherVectorProductFd(network, x, v, likelihood, { backend, epsilon: 0 })).rejects.toThrow(/positive/);
});

const dtypes: readonly DType[] = ['float64', 'float32'];
test.each(dtypes)('is not symmetric in %s, unlike JᵀΛJ', async (dtype) => {
  const u = rng.normals(v.length);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const likelihood = gaussianLikelihood(1);
  const [fu, fv] = [
    await fisherVectorProductFd(network, x, u, likelihood, { backend, dtype }),
    await fisherVectorProductFd(network, x, v, likelihood, { backend, dtype }),
  ];
  expect(Math.abs(dot(v, fu) - dot(u, fv))).toBeGreaterThan(1e-5 * Math.abs(dot(v, fu)));
});
