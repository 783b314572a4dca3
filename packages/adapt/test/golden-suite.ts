import type { Reference } from '@ntk/reference';
import type { Backend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RTOL, openSpace, type GoldenPosterior, type GoldenSpace, type Mean, type SpaceName } from './golden-spaces.ts';

/** Ten times the tolerance table of the golden values; in setting B means 1e-6 and covariances 1e-7. */
export const TOLERANCE = {
  A: { mean: 1e-9, covariance: 1e-9, evidence: 1e-9 },
  B: { mean: 1e-6, covariance: 1e-7, evidence: 1e-6 },
} as const;

const MEANS = ['zero', 'network'] as const;
const SETTINGS = ['A', 'B'] as const;
type Setting = (typeof SETTINGS)[number];

/** Which posteriors to compare. */
export interface GoldenCase {
  readonly backend: string;
  readonly open: () => Promise<Backend>;
  readonly space: SpaceName;
  /** false leaves variances and covariances out, which cost a solver a solve for each test row; true by default. */
  readonly covariances?: boolean;
}

/**
 * Network → Jacobian or kernel → posterior, end to end on one backend, against every golden quantity: mean, covariance, variance, evidence and its
 * gradient, leave-one-out, one noise variance a row, the online update, log-determinant and effective dimension, and the evidence of a
 * grid of variances; by solvers, those of them that products give.
 */
export function testGoldenPosterior(reference: Reference, goldenCase: GoldenCase): void {
  const { backend: name, open, space: way } = goldenCase;
  describe(`${reference.model} on ${name}, by ${way}`, () => {
    const backend = open().then((opened) => trackTensors(opened));
    let space: GoldenSpace;
    beforeAll(async () => {
      space = await openSpace(reference, way, await backend);
    });
    afterAll(async () => {
      space.dispose();
      expect((await backend).describeLive()).toEqual([]);
    });
    for (const setting of SETTINGS) {
      const golden = new GoldenSetting(reference, setting, goldenCase);
      test.each(MEANS)(`setting ${setting}, prior mean %s`, async (mean) => golden.compare(space, mean));
      test.each(MEANS)(`setting ${setting}, prior mean %s, one noise variance a row`, async (mean) =>
        golden.compareNoiseByRow(space, mean),
      );
      test.each(MEANS)(`setting ${setting}, prior mean %s, online`, async (mean) => golden.compareOnline(space, mean));
    }
    if (isExact(way))
      test.each(MEANS)('the evidence of a grid, prior mean %s', (mean) => compareGrid(reference, space, mean));
  });
}

function isExact(way: SpaceName): boolean {
  return way === 'function' || way === 'parameter';
}

/** The golden values of one setting. */
class GoldenSetting {
  readonly #reference: Reference;
  readonly #setting: Setting;
  readonly #isExact: boolean;
  readonly #hasCovariances: boolean;
  readonly #tolerance: { readonly mean: number; readonly covariance: number; readonly evidence: number };

  constructor(reference: Reference, setting: Setting, { space: way, covariances = true }: GoldenCase) {
    this.#reference = reference;
    this.#setting = setting;
    this.#isExact = isExact(way);
    this.#hasCovariances = covariances;
    const { evidence, ...exact } = TOLERANCE[setting];
    // LSMR bounds the gradient, relative to the norms of F̄ = (F, I) and of the residual; its solution is off by up to κ(F̄) = √κ(Ky) times as much.
    const condition = way === 'lsmr' ? this.#number('spectrum', 'condition_Ky') : 1;
    const bounds = { mean: Math.max(100, 10 * Math.sqrt(condition)) * RTOL, covariance: 100 * RTOL };
    this.#tolerance = { ...(this.#isExact ? exact : bounds), evidence };
  }

  async compare(space: GoldenSpace, mean: Mean): Promise<void> {
    const noise = this.#number('noise_variance_sigma2');
    const fitted = await space.fit({ priorVariance: this.#priorVariance, noise, mean });
    using posterior = fitted.posterior;
    await this.#compareTest(fitted, `${mean}/mean`, 'cov');
    if (this.#hasCovariances) this.#near(await fitted.variance(), 'var', this.#tolerance.covariance);
    if (!this.#isExact) return;
    this.#nearEvidence(posterior.logMarginalLikelihood, 'evidence', mean, 'log_marginal_likelihood');
    const gradient = await posterior.evidenceGradient();
    this.#nearEvidence(gradient.logPriorVariance, 'evidence', mean, 'grad_log_s2');
    this.#nearEvidence(gradient.logNoiseVariance, 'evidence', mean, 'grad_log_sigma2');
    // B = I + LᵀKL is Ky without its noise variance.
    const { conditioning } = posterior;
    const { rows, logDeterminant } = conditioning;
    this.#nearEvidence(logDeterminant + rows * Math.log(noise), 'spectrum', 'logdet_Ky');
    this.#nearEvidence(rows - (await conditioning.traceInverse()), 'spectrum', 'effective_dimension');
    await this.#compareLeftOut(fitted, space.c, mean);
  }

  async compareNoiseByRow(space: GoldenSpace, mean: Mean): Promise<void> {
    const noise = this.#array('hetero/noise');
    const fitted = await space.fit({ priorVariance: this.#priorVariance, noise, mean });
    using posterior = fitted.posterior;
    await this.#compareTest(fitted, `hetero/${mean}/mean`, 'hetero/cov');
    if (!this.#isExact) return;
    this.#nearEvidence(posterior.logMarginalLikelihood, 'hetero_log_marginal_likelihood', mean);
  }

  async compareOnline(space: GoldenSpace, mean: Mean): Promise<void> {
    const noise = this.#number('noise_variance_sigma2');
    const fitted = await space.fitAll({ priorVariance: this.#priorVariance, noise, mean });
    using posterior = fitted.posterior;
    await this.#compareTest(fitted, `online/${mean}/mean`, 'online/cov');
    if (!this.#isExact) return;
    this.#nearEvidence(posterior.logMarginalLikelihood, 'online_log_marginal_likelihood', mean);
  }

  async #compareTest(fitted: GoldenPosterior, mean: string, covariance: string): Promise<void> {
    this.#near(await fitted.mean(), mean, this.#tolerance.mean);
    if (this.#hasCovariances) this.#near((await fitted.covariance()).data, covariance, this.#tolerance.covariance);
  }

  async #compareLeftOut({ posterior }: GoldenPosterior, outputs: number, mean: Mean): Promise<void> {
    const rows = await posterior.leaveOneOut();
    this.#near(rows.mean, `loo/${mean}/mean`, this.#tolerance.mean);
    this.#near(rows.variance, 'loo/var', this.#tolerance.covariance);
    if (outputs === 1) return;
    const examples = await posterior.leaveOneExampleOut(outputs);
    this.#near(examples.mean.data, `loo_example/${mean}/mean`, this.#tolerance.mean);
    this.#near(examples.covariance, 'loo_example/cov', this.#tolerance.covariance);
  }

  get #priorVariance(): number {
    return this.#number('prior_variance_s2');
  }

  #number(...path: string[]): number {
    return this.#reference.number('gp', 'settings', this.#setting, ...path);
  }

  #array(key: string): Float64Array {
    return this.#reference.array(`gp/${this.#setting}/${key}`).data;
  }

  #near(actual: ArrayLike<number>, key: string, bound: number): void {
    expect(relativeError(actual, this.#array(key)), key).toBeLessThan(bound);
  }

  #nearEvidence(actual: number, ...path: string[]): void {
    const expected = this.#number(...path);
    const bound = this.#tolerance.evidence * Math.max(1, Math.abs(expected));
    expect(Math.abs(actual - expected), path.join('/')).toBeLessThan(bound);
  }
}

/** The evidence at every point of the grid, and where it is largest. */
async function compareGrid(reference: Reference, space: GoldenSpace, mean: Mean): Promise<void> {
  const evidence = await space.evidence!(mean);
  const [s2, sigma2] = [reference.array('grid/s2').data, reference.array('grid/sigma2').data];
  const golden = reference.array(`grid/${mean}/lml`).data;
  const largest =
    reference.number('gp', 'settings', 'A', 'spectrum', 'K_eig_max') /
    reference.number('gp', 'settings', 'A', 'prior_variance_s2');
  const found = golden.map((expected, at) => {
    const [s, noise] = [s2[Math.floor(at / sigma2.length)]!, sigma2[at % sigma2.length]!];
    const { logMarginalLikelihood } = evidence.at(s, noise);
    // The table's 1e-10, and 1e-7 at a condition number of 1e7, ten times; the corner of the grid has 1e11.
    const bound = 1e-9 + 1e-13 * (1 + (s * largest) / noise);
    expect(Math.abs(logMarginalLikelihood / expected - 1), `s2 ${s}, sigma2 ${noise}`).toBeLessThan(bound);
    return logMarginalLikelihood;
  });
  const [i, j] = reference.numbers('gp', 'grid', mean, 'argmax_index');
  expect(found.indexOf(Math.max(...found))).toBe(i! * sigma2.length + j!);
}
