import { adapt, type AdaptOptions } from '@ntk/adapt';
import { Rng } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { FORMS, type PreconditionerKind } from '../src/plan/method.ts';
import { choosePlan } from '../src/plan/plan.ts';
import { planProblem } from '../src/plan/sizes.ts';
import { resolveOptions } from '../src/fit/options.ts';
import { makeProblem } from './problem.ts';

const RTOL = 1e-10;
const problem = await makeProblem({ n: 20, outputs: 2 });
const { network, x, y, xTest } = problem;
const noises = {
  'one noise variance': 0.03,
  'one for each output': Float64Array.of(0.02, 0.2),
  'one for each target': new Rng('noise').normals(40).map((value) => 0.05 + value * value),
};

/** Forces a form, for which options alone leave a choice of what is held. */
function following(options: AdaptOptions, form: (typeof FORMS)[number]): AdaptOptions {
  const resolved = resolveOptions({ ...options, space: form.space, solver: form.solver });
  const plan = choosePlan(
    planProblem(network, 20, { layers: 'all', learnsOn: 'none' }),
    { ...resolved, layout: 'full' },
    options.backend,
  );
  const { method } = plan.candidates.find((candidate) => candidate.method.holds === form.holds)!;
  return { ...options, plan: { ...plan, method } };
}

describe.each(FORMS)('$space space, $solver, holding $holds', (form) => {
  test.each(['network', 'zero', 'constant'] as const)(
    'equals the Cholesky factor of the kernel, prior mean %s',
    async (mean) => {
      const backend = trackTensors(problem.backend);
      const options = { backend, mean, noise: 0.03, priorVariance: 0.4, rtol: RTOL };
      using exact = await adapt(network, { x, y }, { ...options, space: 'function', solver: 'cholesky' });
      const expected = await exact.predict(xTest);
      {
        using adapted = await adapt(network, { x, y }, following(options, form));
        expect(adapted.plan.method).toMatchObject(form);
        const found = await adapted.predict(xTest);
        expect(relativeError(found.mean, expected.mean)).toBeLessThan(100 * RTOL);
        expect(relativeError(found.variance, expected.variance)).toBeLessThan(100 * RTOL);
        expect(relativeError((await adapted.weights()).data, (await exact.weights()).data)).toBeLessThan(1000 * RTOL);
      }
      const own = backend.liveTensors;
      exact.dispose();
      expect(own).toBeGreaterThan(0);
      expect(backend.liveTensors).toBe(0);
    },
  );

  test.each(Object.entries(noises))('with %s', async (_, noise) => {
    const options = { backend: problem.backend, noise, priorVariance: 0.4, rtol: RTOL };
    using exact = await adapt(network, { x, y }, { ...options, space: 'function', solver: 'cholesky' });
    using adapted = await adapt(network, { x, y }, following(options, form));
    const [found, expected] = [await adapted.predict(xTest), await exact.predict(xTest)];
    expect(relativeError(found.mean, expected.mean)).toBeLessThan(100 * RTOL);
    expect(relativeError(found.variance, expected.variance)).toBeLessThan(100 * RTOL);
    expect(adapted.hyperparameters.noiseVariances).toEqual(exact.hyperparameters.noiseVariances);
  });
});

test.each(['none', 'jacobi', 'pivoted-cholesky', 'nystrom'] satisfies PreconditionerKind[])(
  'conjugate gradients with preconditioner %s',
  async (preconditioner) => {
    const options = { backend: problem.backend, noise: 0.003, priorVariance: 0.4, rtol: RTOL };
    using exact = await adapt(network, { x, y }, { ...options, solver: 'cholesky' });
    const expected = await exact.predict(xTest);
    for (const space of ['function', 'parameter'] as const) {
      using adapted = await adapt(network, { x, y }, { ...options, solver: 'cg', space, preconditioner });
      expect(relativeError((await adapted.predict(xTest)).mean, expected.mean)).toBeLessThan(1000 * RTOL);
      expect(adapted.solution!.status).toBe('converged');
    }
  },
);

test('a solver that does not converge is an error', async () => {
  const options = { backend: problem.backend, noise: 1e-12, priorVariance: 1, solver: 'cg', rtol: 1e-15 } as const;
  await expect(adapt(network, { x, y }, options)).rejects.toThrow(
    expect.objectContaining({ name: 'SolveError' }) as Error,
  );
});

describe('layouts of outputs', () => {
  test('independent outputs are those of a network for each', async () => {
    const options = { backend: problem.backend, noise: 0.03, priorVariance: 0.4, outputs: 'independent' } as const;
    using adapted = await adapt(network, { x, y }, options);
    const { mean, variance } = await adapted.predict(xTest);
    // A noise variance that drowns the other output leaves this one alone.
    for (const output of [0, 1]) {
      const noise = Float64Array.of(1e12, 1e12);
      noise[output] = 0.03;
      using alone = await adapt(network, { x, y }, { ...options, outputs: 'full', noise });
      const expected = await alone.predict(xTest);
      const own = (values: Float64Array): Float64Array => values.filter((_, i) => i % 2 === output);
      expect(relativeError(own(mean), own(expected.mean))).toBeLessThan(1e-8);
      expect(relativeError(own(variance), own(expected.variance))).toBeLessThan(1e-8);
    }
  });

  test.each(['independent', 'shared'] as const)(
    '%s: variances are learned and leave-one-out is there',
    async (outputs) => {
      using adapted = await adapt(network, { x, y }, { backend: problem.backend, outputs });
      const { inference, hyperparameters } = adapted;
      expect(inference.kind).toBe(outputs);
      const gradient = await inference.posterior.evidenceGradient();
      const byNoise = 'logNoiseVariances' in gradient ? gradient.logNoiseVariances.reduce((a, b) => a + b) : NaN;
      expect(Math.hypot(gradient.logPriorVariance, byNoise)).toBeLessThan(1e-5);
      expect(hyperparameters.learned).toEqual(['priorVariance', 'noiseVariance']);
    },
  );

  test('a noise variance for each output is learned', async () => {
    const noisy = y.map((value, i) => value + (i % 2) * 2 * Math.sin(37 * i));
    using adapted = await adapt(network, { x, y: noisy }, { backend: problem.backend, noise: 'learn-outputs' });
    const [quiet, loud] = adapted.hyperparameters.noiseVariances;
    expect(loud! / quiet!).toBeGreaterThan(5);
  });
});
