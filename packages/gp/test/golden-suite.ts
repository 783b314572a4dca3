import type { MeanQuery, Noise, Posterior, PriorMean } from '@ntk/gp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { relativeError } from '@ntk/tensor/testing';
import { BOUNDS, type Golden, SETTINGS, type Setting, worstRelativeError } from './golden.ts';

const MEANS = ['zero', 'network'] as const;
type Mean = (typeof MEANS)[number];

/** What a space needs to know of a golden regression problem. */
export interface GoldenProblem {
  readonly priorVariance: number;
  readonly noise: Noise;
  readonly yTrain: Float64Array;
  readonly priorMean?: PriorMean;
}

/** One of the two ways to the same posterior. */
export interface Space<Query extends MeanQuery> {
  readonly name: string;
  posterior(problem: GoldenProblem): Promise<Posterior<Query>>;
  readonly query: Query;
}

/** Every golden quantity of a Gaussian posterior, in settings A and B. */
export function testGolden<Query extends MeanQuery>(golden: Golden, space: () => Space<Query>): void {
  describe.each(SETTINGS)('setting %s', (setting) => {
    const errors: Record<string, number> = {};
    const bounds = BOUNDS[setting];
    const gp = `gp/${setting}`;
    const check = (name: string, error: number, bound: number) => {
      errors[name] = error;
      expect(error, name).toBeLessThanOrEqual(bound);
    };
    const record = (...path: string[]) => golden.reference.number('gp', 'settings', setting, ...path);
    beforeEach(() => Object.keys(errors).forEach((key) => delete errors[key]));
    afterEach(({ task }) => {
      const line = Object.entries(errors).map(([name, error]) => `${name} ${error.toExponential(1)}`);
      console.log(`${golden.reference.model} ${space().name} ${setting}, ${task.name}: ${line.join(', ')}`);
    });

    test.each(MEANS)('prior mean %s', async (mean) => {
      using posterior = await space().posterior(problem(golden, setting, mean));
      const found = await posterior.mean(at(space().query, golden, mean));
      check('mean', relativeError(found, golden.vector(`${gp}/${mean}/mean`)), bounds.mean);
      const evidence = record('evidence', mean, 'log_marginal_likelihood');
      check('evidence', worstRelativeError([posterior.logMarginalLikelihood], [evidence]), bounds.evidence);
      const { logPriorVariance, logNoiseVariance } = await posterior.evidenceGradient();
      const gradient = [record('evidence', mean, 'grad_log_s2'), record('evidence', mean, 'grad_log_sigma2')];
      check('gradient', relativeError([logPriorVariance, logNoiseVariance], gradient), bounds.evidence);
    });

    test.each(MEANS)('leave-one-out, prior mean %s', async (mean) => {
      using posterior = await space().posterior(problem(golden, setting, mean));
      const rows = await posterior.leaveOneOut();
      check('mean', relativeError(rows.mean, golden.vector(`${gp}/loo/${mean}/mean`)), bounds.mean);
      check('variance', relativeError(rows.variance, golden.vector(`${gp}/loo/var`)), bounds.covariance);
      if (golden.outputs === 1) return;
      const examples = await posterior.leaveOneExampleOut(golden.outputs);
      check(
        'by example: mean',
        relativeError(examples.mean.data, golden.vector(`${gp}/loo_example/${mean}/mean`)),
        bounds.mean,
      );
      check(
        'covariance',
        relativeError(examples.covariance, golden.vector(`${gp}/loo_example/cov`)),
        bounds.covariance,
      );
    });

    test('variance, covariance, spectrum', async () => {
      using posterior = await space().posterior(problem(golden, setting, 'zero'));
      const variance = await posterior.variance(space().query);
      check('worst variance', worstRelativeError(variance, golden.vector(`${gp}/var`)), bounds.variance);
      const covariance = await posterior.covariance(space().query);
      check('covariance', relativeError(covariance.data, golden.vector(`${gp}/cov`)), bounds.covariance);
      const { conditioning } = posterior;
      const logDeterminant =
        conditioning.logDeterminant + conditioning.rows * Math.log(record('noise_variance_sigma2'));
      check(
        'log-determinant',
        worstRelativeError([logDeterminant], [record('spectrum', 'logdet_Ky')]),
        bounds.evidence,
      );
      const dimension = conditioning.rows - (await conditioning.traceInverse());
      check('dimension', worstRelativeError([dimension], [record('spectrum', 'effective_dimension')]), bounds.evidence);
    });

    test.each(MEANS)('one noise variance a row, prior mean %s', async (mean) => {
      const noise = golden.vector(`${gp}/hetero/noise`);
      using posterior = await space().posterior({ ...problem(golden, setting, mean), noise });
      const found = await posterior.mean(at(space().query, golden, mean));
      check('mean', relativeError(found, golden.vector(`${gp}/hetero/${mean}/mean`)), bounds.mean);
      const evidence = record('hetero_log_marginal_likelihood', mean);
      check('evidence', worstRelativeError([posterior.logMarginalLikelihood], [evidence]), bounds.evidence);
      const covariance = await posterior.covariance(space().query);
      check('covariance', relativeError(covariance.data, golden.vector(`${gp}/hetero/cov`)), bounds.covariance);
    });
  });
}

function problem(golden: Golden, setting: Setting, mean: Mean): GoldenProblem {
  const { priorVariance, noiseVariance } = golden.setting(setting);
  const base = { priorVariance, noise: noiseVariance, yTrain: golden.vector('Y') };
  return mean === 'zero' ? base : { ...base, priorMean: { kind: 'fixed', values: golden.vector('f') } };
}

function at<Query extends MeanQuery>(query: Query, golden: Golden, mean: Mean): Query {
  return mean === 'zero' ? query : { ...query, priorMean: golden.vector('fstar') };
}
