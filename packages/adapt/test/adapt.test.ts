import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { adapt, type AdaptOptions } from '@ntk/adapt';
import { describe, expect, test } from 'vitest';
import { makeProblem } from './problem.ts';

describe('adapt', () => {
  for (const mean of ['network', 'zero', 'constant'] as const) {
    test(`function and parameter space agree, variances learned, prior mean ${mean}`, async () => {
      const { network, backend, x, y, xTest } = await makeProblem({ outputs: 2 });
      using inFunctions = await adapt(network, { x, y }, { backend, mean, space: 'function' });
      using inParameters = await adapt(network, { x, y }, { backend, mean, space: 'parameter' });
      expect(inFunctions.hyperparameters.priorVariance / inParameters.hyperparameters.priorVariance).toBeCloseTo(1, 6);
      expect(inFunctions.hyperparameters.noiseVariance / inParameters.hyperparameters.noiseVariance).toBeCloseTo(1, 6);
      const [a, b] = [await inFunctions.predict(xTest), await inParameters.predict(xTest)];
      expect(relativeError(a.mean, b.mean)).toBeLessThan(1e-7);
      expect(relativeError(a.variance, b.variance)).toBeLessThan(1e-7);
      expect(relativeError((await inFunctions.weights()).data, (await inParameters.weights()).data)).toBeLessThan(1e-7);
    });
  }

  test('chooses the smaller space by itself', async () => {
    const { network, backend, x, y } = await makeProblem();
    const space = async (options: Partial<AdaptOptions>): Promise<string> => {
      using adapted = await adapt(network, { x, y }, { backend, predictions: 15, ...options });
      return adapted.space;
    };
    expect(await space({})).toBe('function');
    expect(await space({ layers: 'last' })).toBe('parameter');
  });

  test('predictions do not depend on how many inputs are predicted at once', async () => {
    const { network, backend, x, y, xTest } = await makeProblem();
    using adapted = await adapt(network, { x, y }, { backend, noise: 0.01, priorVariance: 0.1 });
    const many = await adapted.predict(
      Float64Array.from({ length: 40 * xTest.length }, (_, i) => xTest[i % xTest.length]!),
    );
    const few = await adapted.predict(xTest);
    expect(many.mean).toHaveLength(600);
    for (let i = 0; i < many.mean.length; i++) {
      expect(many.mean[i]).toBeCloseTo(few.mean[i % few.mean.length]!, 12);
      expect(many.variance[i]).toBeCloseTo(few.variance[i % few.mean.length]!, 12);
    }
  });

  test('one variance given, the other is learned', async () => {
    const { network, backend, x, y } = await makeProblem();
    using adapted = await adapt(network, { x, y }, { backend, noise: 0.05, space: 'function' });
    expect(adapted.hyperparameters.noiseVariance).toBe(0.05);
    expect(adapted.hyperparameters.learned).toEqual(['priorVariance']);
    const { inference } = adapted;
    expect(inference.kind).toBe('kernel');
    const gradient = await inference.posterior.evidenceGradient();
    expect(Math.abs(gradient.logPriorVariance)).toBeLessThan(1e-6);
  });

  test('with very many rows the variances come from a subset where that is wanted', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 2100, hidden: [4] });
    const options = { backend, solver: 'cholesky', space: 'function', learnOn: 'sample' } as const;
    using adapted = await adapt(network, { x, y }, options);
    const { rowsUsed, noiseVariance, estimate } = adapted.hyperparameters;
    expect(rowsUsed).toBe(2000);
    expect(estimate).toBeUndefined();
    expect(noiseVariance).toBeGreaterThan(0.005);
    expect(noiseVariance).toBeLessThan(0.02);
  });

  test('no data far away: the prior; the network is untouched', async () => {
    const { network, backend, x, y } = await makeProblem();
    const before = network.values.map((values) => values.slice());
    using adapted = await adapt(network, { x, y }, { backend, noise: 1e9, priorVariance: 0.1 });
    const f = await backend.read(adapted.linearization.outputs);
    const { mean } = await adapted.predict(x);
    expect(relativeError(mean, f)).toBeLessThan(1e-6);
    expect(network.values).toEqual(before);
  });

  test.each([
    ['targets of another number', { y: new Float64Array(5) }, {}, /24 examples and 5 targets, expected 24/],
    ['a noise variance of zero', {}, { noise: 0 }, /noise: got 0/],
    ['a negative prior variance', {}, { priorVariance: -1 }, /priorVariance: got -1/],
    ['a target that is not finite', { y: new Float64Array(24).fill(NaN) }, {}, /NaN/],
    ['a layer that is not there', {}, { layers: { names: ['conv'] } }, /'conv'/],
  ] as const)('refuses %s', async (_, data, options, message) => {
    const { network, backend, x, y } = await makeProblem();
    await expect(adapt(network, { x, y, ...data }, { backend, ...options })).rejects.toThrow(message);
  });

  test('leaves no tensor behind, also when it fails', async () => {
    const { network, backend, x, y, xTest } = await makeProblem();
    const tracked = trackTensors(backend);
    const adapted = await adapt(network, { x, y }, { backend: tracked });
    await adapted.predict(xTest);
    adapted.dispose();
    await expect(adapt(network, { x, y: y.map(() => NaN) }, { backend: tracked })).rejects.toThrow();
    await new Promise((done) => setTimeout(done, 0));
    expect(tracked.liveTensors).toBe(0);
  });
});
