import { type EvidenceProblem, functionSpacePosterior, learnHyperparameters, tridiagonalEvidence } from '@ntk/gp';
import { describe, expect, test } from 'vitest';
import { type Golden, openGolden, worstRelativeError } from './golden.ts';

for (const model of ['sine_mlp', 'mlp2']) {
  const golden = openGolden(model);
  describe.skipIf(golden === undefined)(`${model}: evidence of all variances`, () => goldenEvidence(golden!));
}

function goldenEvidence(golden: Golden): void {
  const problem = (mean: string): EvidenceProblem => ({
    kTrainTrain: golden.matrix('ntk'),
    yTrain: golden.vector('Y'),
    ...(mean === 'network' && { priorMean: { kind: 'fixed', values: golden.vector('f') } }),
  });

  test.each(['zero', 'network'])('the surface, prior mean %s', async (mean) => {
    const evidence = await tridiagonalEvidence(problem(mean));
    const s2 = golden.vector('grid/s2');
    const sigma2 = golden.vector('grid/sigma2');
    const surface = Array.from(s2, (s) => Array.from(sigma2, (n) => evidence.at(s, n).logMarginalLikelihood)).flat();
    // Rounding grows with the condition number of A, up to 1e11 in the corner.
    const largestEigenvalue =
      golden.reference.number('gp', 'settings', 'A', 'spectrum', 'K_eig_max') / golden.setting('A').priorVariance;
    const worst = surface.map((value, i) => {
      const condition = 1 + (s2[Math.floor(i / sigma2.length)]! * largestEigenvalue) / sigma2[i % sigma2.length]!;
      const expected = golden.vector(`grid/${mean}/lml`)[i]!;
      return Math.abs(value / expected - 1) / (1e-12 + Number.EPSILON * condition);
    });
    expect(Math.max(...worst)).toBeLessThan(10);
    const best = surface.indexOf(Math.max(...surface));
    const [i, j] = golden.reference.numbers('gp', 'grid', mean, 'argmax_index');
    expect(best).toBe(i! * sigma2.length + j!);
  });

  test.each(['zero', 'network'])('the maximum, prior mean %s', async (mean) => {
    const learned = await learnHyperparameters(await tridiagonalEvidence(problem(mean)));
    const optimum = (name: string) => golden.reference.number('gp', 'grid', mean, 'continuous_optimum', name);
    const { priorVariance, noiseVariance, logMarginalLikelihood } = learned;
    const errors = worstRelativeError([priorVariance, noiseVariance], [optimum('s2'), optimum('sigma2')]);
    expect(learned.onEdge).toBeUndefined();
    expect(learned.gradientNorm).toBeLessThan(1e-9);
    expect(errors).toBeLessThan(1e-6);
    expect(logMarginalLikelihood).toBeGreaterThan(optimum('lml') - 1e-9);
    using posterior = await functionSpacePosterior({ ...problem(mean), priorVariance, noise: noiseVariance });
    expect(worstRelativeError([posterior.logMarginalLikelihood], [logMarginalLikelihood])).toBeLessThan(1e-9);
  });
}
