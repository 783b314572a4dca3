import { functionSpacePosterior, parameterSpacePosterior } from '@ntk/gp';
import { type Matrix, gemm, matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { openGolden } from './golden.ts';

const mlp2 = openGolden('mlp2');
describe.skipIf(mlp2 === undefined)('mlp2', () => {
  test('the posterior interpolates as the noise goes to 0', async () => {
    const kTrainTrain = mlp2!.matrix('ntk');
    const yTrain = mlp2!.vector('Y');
    const query = { kTestTrain: kTrainTrain, kTestTest: kTrainTrain };
    const scale = mean(mlp2!.vector('ntk_diag'));
    let previous = Infinity;
    for (const noise of [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12].map((factor) => factor * scale)) {
      using posterior = await functionSpacePosterior({ kTrainTrain, yTrain, noise });
      const error = relativeError(await posterior.mean(query), yTrain);
      expect(error).toBeLessThan(previous);
      previous = error;
      const variance = await posterior.variance(query);
      // At a training row the variance is σ² − σ⁴(A⁻¹)_ii.
      expect(Math.max(...variance)).toBeLessThanOrEqual(noise + 1e-13 * scale);
    }
    expect(previous).toBeLessThan(1e-6);
  });
});

describe.each(['sine_mlp', 'mlp2'])('%s: variances are never negative and never above the prior', (model) => {
  const golden = openGolden(model);
  test.skipIf(golden === undefined).each([1e3, 1, 1e-4, 1e-8, 1e-12, 1e-16, 1e-20, 1e-30])(
    'noise variance %f of the mean diagonal',
    async (factor) => {
      const kTrainTrain = golden!.matrix('ntk');
      const yTrain = golden!.vector('Y');
      const noise = factor * mean(golden!.vector('ntk_diag'));
      using posterior = await functionSpacePosterior({ kTrainTrain, yTrain, noise });
      const cross = { kTestTrain: golden!.matrix('ntk_cross'), kTestTest: golden!.matrix('ntk_star') };
      const self = { kTestTrain: kTrainTrain, kTestTest: kTrainTrain };
      for (const query of [cross, self]) {
        const variance = await posterior.variance(query);
        expectWithin(variance, diagonal(query.kTestTest));
        expect(diagonal(await posterior.covariance(query))).toEqual(variance);
      }
      const left = await posterior.leaveOneOut();
      expect(left.variance.every((value) => value > 0)).toBe(true);
    },
  );
});

describe('parameter space: variances are never negative and never above the prior', () => {
  const rng = new Rng('bounds');
  const jTrain = matrix(40, 12, rng.normals(40 * 12));
  const jTest = matrix(20, 12, rng.normals(20 * 12));
  test.each([1e6, 1, 1e-6, 1e-12, 1e-16])('noise variance %f', async (noise) => {
    using posterior = await parameterSpacePosterior({ jTrain, yTrain: rng.normals(40), noise });
    for (const query of [{ jTest }, { jTest: jTrain }]) {
      const prior = diagonal(gemm(query.jTest, query.jTest, { transposeB: true }));
      const variance = await posterior.variance(query);
      expectWithin(variance, prior);
      expect(diagonal(await posterior.covariance(query))).toEqual(variance);
    }
  });
});

function expectWithin(variance: Float64Array, prior: Float64Array): void {
  expect(variance.every((value, i) => value >= 0 && value <= (1 + 1e-15) * prior[i]!)).toBe(true);
}

function diagonal(a: Matrix): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, i) => a.data[i * a.columns + i]!);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
