import { type FunctionSpaceProblem, type KernelQuery, type Posterior, functionSpacePosterior } from '@ntk/gp';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  BOUNDS,
  type Golden,
  SETTINGS,
  type Setting,
  openGolden,
  relativeError,
  worstRelativeError,
} from './golden.ts';

const MEANS = ['zero', 'network'] as const;
type Mean = (typeof MEANS)[number];

for (const model of ['sine_mlp', 'mlp2']) {
  const golden = openGolden(model);
  describe.skipIf(golden === undefined)(model, () => {
    for (const setting of SETTINGS) {
      describe(`setting ${setting}`, () => functionSpace(golden!, setting));
    }
  });
}

function functionSpace(golden: Golden, setting: Setting): void {
  const bounds = BOUNDS[setting];
  let errors: Record<string, number> = {};
  beforeEach(() => {
    errors = {};
  });
  const check = (name: string, error: number, bound: number) => {
    errors[name] = error;
    expect(error, name).toBeLessThanOrEqual(bound);
  };
  const gp = `gp/${setting}`;

  test.each(MEANS)('mean %s: mean, evidence, gradients, leave-one-out', async (mean) => {
    using posterior = await functionSpacePosterior(problem(golden, setting, mean));
    check(
      'mean',
      relativeError(await posterior.mean(query(golden, mean)), golden.vector(`${gp}/${mean}/mean`)),
      bounds.mean,
    );
    const record = (name: string) => golden.reference.number('gp', 'settings', setting, 'evidence', mean, name);
    check(
      'lml',
      worstRelativeError([posterior.logMarginalLikelihood], [record('log_marginal_likelihood')]),
      bounds.evidence,
    );
    const gradient = await posterior.evidenceGradient();
    check('dlog s2', worstRelativeError([gradient.logPriorVariance], [record('grad_log_s2')]), bounds.evidence);
    check('dlog sigma2', worstRelativeError([gradient.logNoiseVariance], [record('grad_log_sigma2')]), bounds.evidence);
    const left = await posterior.leaveOneOut();
    check('loo mean', relativeError(left.mean, golden.vector(`${gp}/loo/${mean}/mean`)), bounds.mean);
    check('loo var', worstRelativeError(left.variance, golden.vector(`${gp}/loo/var`)), bounds.mean);
    if (golden.outputs > 1) {
      const examples = await posterior.leaveOneExampleOut(golden.outputs);
      check(
        'loo example mean',
        relativeError(examples.mean.data, golden.vector(`${gp}/loo_example/${mean}/mean`)),
        bounds.mean,
      );
      check('loo example cov', relativeError(examples.covariance, golden.vector(`${gp}/loo_example/cov`)), bounds.mean);
    }
    print(golden, setting, mean, errors);
  });

  test('variance, covariance, log-determinant, effective dimension', async () => {
    using posterior = await functionSpacePosterior(problem(golden, setting, 'zero'));
    await checkSpread(posterior, golden, gp, check, bounds.covariance);
    const spectrum = (name: string) => golden.reference.number('gp', 'settings', setting, 'spectrum', name);
    const { conditioning } = posterior;
    const logNoise = conditioning.rows * Math.log(golden.setting(setting).noiseVariance);
    check(
      'logdet',
      worstRelativeError([conditioning.logDeterminant + logNoise], [spectrum('logdet_Ky')]),
      bounds.evidence,
    );
    const dimension = conditioning.rows - (await conditioning.traceInverse());
    check('effective dimension', worstRelativeError([dimension], [spectrum('effective_dimension')]), bounds.evidence);
    print(golden, setting, 'spread', errors);
  });

  test('one noise variance a row', async () => {
    const noise = golden.vector(`${gp}/hetero/noise`);
    for (const mean of MEANS) {
      using posterior = await functionSpacePosterior({ ...problem(golden, setting, mean), noise });
      check(
        'hetero mean',
        relativeError(await posterior.mean(query(golden, mean)), golden.vector(`${gp}/hetero/${mean}/mean`)),
        bounds.mean,
      );
      const evidence = golden.reference.number('gp', 'settings', setting, 'hetero_log_marginal_likelihood', mean);
      check('hetero lml', worstRelativeError([posterior.logMarginalLikelihood], [evidence]), bounds.evidence);
      const covariance = await posterior.covariance(query(golden, mean));
      check('hetero cov', relativeError(covariance.data, golden.vector(`${gp}/hetero/cov`)), bounds.covariance);
    }
    print(golden, setting, 'hetero', errors);
  });
}

async function checkSpread(
  posterior: Posterior<KernelQuery>,
  golden: Golden,
  gp: string,
  check: (name: string, error: number, bound: number) => void,
  bound: number,
): Promise<void> {
  const points = query(golden, 'zero');
  const variance = await posterior.variance(points);
  check('var', worstRelativeError(variance, golden.vector(`${gp}/var`)), 10 * bound);
  const covariance = await posterior.covariance(points);
  check('cov', relativeError(covariance.data, golden.vector(`${gp}/cov`)), bound);
}

function problem(golden: Golden, setting: Setting, mean: Mean): FunctionSpaceProblem {
  const { priorVariance, noiseVariance } = golden.setting(setting);
  return {
    kTrainTrain: golden.matrix('ntk'),
    priorVariance,
    noise: noiseVariance,
    yTrain: golden.vector('Y'),
    ...(mean === 'network' && { priorMean: { kind: 'fixed', values: golden.vector('f') } }),
  };
}

function query(golden: Golden, mean: Mean): KernelQuery {
  return {
    kTestTrain: golden.matrix('ntk_cross'),
    kTestTest: golden.matrix('ntk_star'),
    ...(mean === 'network' && { priorMean: golden.vector('fstar') }),
  };
}

function print(golden: Golden, setting: Setting, what: string, errors: Record<string, number>): void {
  const line = Object.entries(errors).map(([name, error]) => `${name} ${error.toExponential(1)}`);
  console.log(`${golden.reference.model} ${setting} ${what}: ${line.join(', ')}`);
}
