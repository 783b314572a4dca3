import { adapt, planAdaptation, type AdaptOptions, type Held } from '@ntk/adapt';
import { ortBackend } from '@ntk/backend-ort';
import { jacobianEvidence, learnHyperparameters } from '@ntk/gp';
import { explicitJacobian, linearize } from '@ntk/jacobian';
import type { Network } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { makeProblem } from './problem.ts';

/** Few parameters, so that the evidence of all 2,100 rows has a closed form, which a stored kernel makes no use of. */
const problem = await makeProblem({ n: 2100, hidden: [7, 4] });
const { x, y } = problem;
const noise = Float64Array.from({ length: y.length }, (_, i) => 0.005 * (1 + (i % 3)));

async function exact(network: Network, given: { noiseShape?: Float64Array; noiseVariance?: number }) {
  using linearization = await linearize(network, x, { backend: problem.backend });
  const jTrain = await explicitJacobian(linearization);
  const values = Float64Array.from(await problem.backend.read(linearization.outputs));
  const { noiseVariance, ...shape } = given;
  const evidence = await jacobianEvidence({ jTrain, yTrain: y, priorMean: { kind: 'fixed', values }, ...shape });
  return {
    evidence,
    found: await learnHyperparameters(evidence, noiseVariance === undefined ? {} : { noiseVariance }),
  };
}

const METHODS: readonly (readonly [holds: Held, hidden: readonly number[], options: Partial<AdaptOptions>])[] = [
  ['kernel', [7, 4], { space: 'function', solver: 'cholesky' }],
  ['jacobian', [60, 30], { space: 'parameter', solver: 'cg' }],
  ['nothing', [60, 30], { space: 'parameter', solver: 'lsmr' }],
];

describe('the evidence of more than 2,000 rows', () => {
  test.each(METHODS)('comes from a Krylov run on all of them, holding %s', async (holds, hidden, options) => {
    const backend = trackTensors(await ortBackend());
    const { network } = await makeProblem({ hidden });
    const { evidence, found } = await exact(network, {});
    {
      const planned = planAdaptation(network, 2100, { backend, ...options, predictions: 0 });
      const plan = { ...planned, method: { ...planned.method, holds } };
      using adapted = await adapt(network, { x, y }, { backend, plan });
      const { rowsUsed, learned, priorVariance, noiseVariance, estimate } = adapted.hyperparameters;
      expect(rowsUsed).toBe(2100);
      expect(learned).toEqual(['priorVariance', 'noiseVariance']);
      expect(Math.abs(Math.log(noiseVariance / found.noiseVariance))).toBeLessThan(0.05);
      expect(Math.abs(Math.log(priorVariance / found.priorVariance))).toBeLessThan(0.5);
      // Eight random vectors lead a nat or two beside the optimum; what is said of the evidence there holds.
      const { logMarginalLikelihood: truth } = evidence.at(priorVariance, noiseVariance);
      expect(found.logMarginalLikelihood - truth).toBeLessThan(4);
      const { logMarginalLikelihood, standardError, truncation, probes, steps } = estimate!;
      expect(Math.abs(truth - logMarginalLikelihood)).toBeLessThan(4 * standardError + truncation);
      expect(truncation).toBeLessThan(Math.max(0.1, standardError));
      expect([probes, steps <= 100]).toEqual([8, true]);
      expect(adapted.evidence!.at(priorVariance, noiseVariance).logMarginalLikelihood).toBe(logMarginalLikelihood);
    }
    expect(backend.describeLive()).toEqual([]);
  });

  test('is whitened where every row has its own noise', async () => {
    const { found } = await exact(problem.network, { noiseShape: noise, noiseVariance: 1 });
    const options = { backend: problem.backend, space: 'function', solver: 'cholesky', noise, predictions: 0 } as const;
    using adapted = await adapt(problem.network, { x, y }, options);
    const { rowsUsed, learned, priorVariance } = adapted.hyperparameters;
    expect([rowsUsed, ...learned]).toEqual([2100, 'priorVariance']);
    expect(Math.abs(Math.log(priorVariance / found.priorVariance))).toBeLessThan(0.5);
  });

  test('is planned: a run on all rows has its time and memory, a sample other ones', async () => {
    const { network: large } = await makeProblem({ hidden: [60, 60] });
    const { backend } = problem;
    const at = (options: Partial<AdaptOptions>) =>
      planAdaptation(large, 20_000, {
        backend,
        space: 'parameter',
        solver: 'cg',
        preconditioner: 'none',
        ...options,
        predictions: 0,
      });
    const [all, sample, given] = [at({}), at({ learnOn: 'sample' }), at({ noise: 1, priorVariance: 1 })];
    expect(all.seconds).toBeGreaterThan(sample.seconds);
    expect(sample.seconds).toBeGreaterThan(given.seconds);
    // Less memory, fewer bases at a time.
    expect(at({ memory: 2 ** 31 }).bytes).toBeLessThanOrEqual(2 ** 31);
  });
});
