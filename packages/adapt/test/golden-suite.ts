import { join } from 'node:path';
import {
  functionSpacePosterior,
  parameterSpacePosterior,
  type JacobianQuery,
  type KernelQuery,
  type Noise,
  type Posterior,
  type PriorMean,
} from '@ntk/gp';
import { explicitJacobian, kernelMatrix, linearize, type Linearization } from '@ntk/jacobian';
import { readLayersModel } from '@ntk/models';
import type { Reference } from '@ntk/reference';
import type { Backend, Network } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Ten times the tolerance table of the golden values; in setting B means 1e-6 and covariances 1e-7. */
export const TOLERANCE = {
  A: { mean: 1e-9, covariance: 1e-9, evidence: 1e-9 },
  B: { mean: 1e-6, covariance: 1e-7, evidence: 1e-6 },
} as const;

/** Which posteriors to compare. */
export interface GoldenCase {
  readonly backend: string;
  readonly open: () => Promise<Backend>;
  readonly space: 'function' | 'parameter';
  readonly setting: 'A' | 'B';
}

type Query = KernelQuery & JacobianQuery;

/** Network → Jacobian or kernel → posterior, end to end on one backend, against every golden quantity of a setting. */
export function testGoldenPosterior(
  reference: Reference,
  { backend: backendName, open, space, setting }: GoldenCase,
): void {
  describe(`${reference.model} on ${backendName}, ${space} space, setting ${setting}`, () => {
    const golden = (key: string): Float64Array => reference.array(key).data;
    const number = (...path: string[]): number => reference.number('gp', 'settings', setting, ...path);
    const tolerance = TOLERANCE[setting];
    const near = (actual: ArrayLike<number>, key: string, bound: number): void => {
      expect(relativeError(Float64Array.from(actual), golden(`gp/${setting}/${key}`)), key).toBeLessThan(bound);
    };
    let train: Linearization;
    let query: Query;
    let fStar: Float64Array;
    let fTrain: Float64Array;
    let fit: (noise: Noise, priorMean?: PriorMean) => Promise<Posterior<Query>>;

    beforeAll(async () => {
      const network: Network = await readLayersModel(join(reference.folder, 'model'));
      const backend = await open();
      train = await linearize(network, golden('X'), { backend });
      using star = await linearize(network, golden('Xstar'), { backend });
      fTrain = Float64Array.from(await backend.read(train.outputs));
      fStar = Float64Array.from(await backend.read(star.outputs));
      const priorVariance = number('prior_variance_s2');
      const targets = (priorMean?: PriorMean) => ({
        yTrain: golden('Y'),
        priorVariance,
        ...(priorMean === undefined ? {} : { priorMean }),
      });
      if (space === 'function') {
        const kTrainTrain = await kernelMatrix(train);
        query = { kTestTrain: await kernelMatrix(star, train), kTestTest: await kernelMatrix(star) } as Query;
        fit = (noise, priorMean) => functionSpacePosterior({ kTrainTrain, noise, ...targets(priorMean) });
      } else {
        const jTrain = await explicitJacobian(train);
        query = { jTest: await explicitJacobian(star) } as Query;
        fit = (noise, priorMean) => parameterSpacePosterior({ jTrain, noise, ...targets(priorMean) });
      }
    });
    afterAll(() => train.dispose());

    for (const mean of ['zero', 'network'] as const) {
      test(`prior mean ${mean}`, async () => {
        const prior: PriorMean | undefined = mean === 'zero' ? undefined : { kind: 'fixed', values: fTrain };
        const priorStar = mean === 'zero' ? {} : { priorMean: fStar };
        using posterior = await fit(number('noise_variance_sigma2'), prior);
        near(await posterior.mean({ ...query, ...priorStar }), `${mean}/mean`, tolerance.mean);
        near((await posterior.covariance(query)).data, 'cov', tolerance.covariance);
        near(await posterior.variance(query), 'var', tolerance.covariance);
        const gradient = await posterior.evidenceGradient();
        const evidence = {
          log_marginal_likelihood: posterior.logMarginalLikelihood,
          grad_log_s2: gradient.logPriorVariance,
          grad_log_sigma2: gradient.logNoiseVariance,
        };
        for (const [key, actual] of Object.entries(evidence)) {
          const expected = number('evidence', mean, key);
          expect(Math.abs(actual - expected), key).toBeLessThan(tolerance.evidence * Math.max(1, Math.abs(expected)));
        }
        const left = await posterior.leaveOneOut();
        near(left.mean, `loo/${mean}/mean`, tolerance.mean);
        near(left.variance, 'loo/var', tolerance.covariance);
        if (train.c > 1) {
          const examples = await posterior.leaveOneExampleOut(train.c);
          near(examples.mean.data, `loo_example/${mean}/mean`, tolerance.mean);
          near(examples.covariance, 'loo_example/cov', tolerance.covariance);
        }
        using hetero = await fit(golden(`gp/${setting}/hetero/noise`), prior);
        near(await hetero.mean({ ...query, ...priorStar }), `hetero/${mean}/mean`, tolerance.mean);
        near((await hetero.covariance(query)).data, 'hetero/cov', tolerance.covariance);
        const expected = number('hetero_log_marginal_likelihood', mean);
        expect(Math.abs(hetero.logMarginalLikelihood - expected)).toBeLessThan(
          tolerance.evidence * Math.max(1, Math.abs(expected)),
        );
      });
    }
  });
}
