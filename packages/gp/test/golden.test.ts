import { type JacobianQuery, type KernelQuery, functionSpacePosterior, parameterSpacePosterior } from '@ntk/gp';
import { gemm } from '@ntk/linop';
import { describe, expect, test } from 'vitest';
import { relativeError } from '@ntk/tensor/testing';
import { BOUNDS, openGolden } from './golden.ts';
import { testGolden } from './golden-suite.ts';
import { mlpJacobian } from './mlp-jacobian.ts';

for (const model of ['sine_mlp', 'mlp2', 'small_resnet', 'mnist_cnn']) {
  const golden = openGolden(model);
  if (golden === undefined) continue;
  describe(`${model} in function space`, () => {
    const kTrainTrain = golden.matrix('ntk');
    const query = { kTestTrain: golden.matrix('ntk_cross'), kTestTest: golden.matrix('ntk_star') };
    testGolden<KernelQuery>(golden, () => ({
      name: 'function space',
      query,
      posterior: (problem) => functionSpacePosterior({ ...problem, kTrainTrain }),
    }));
  });
}

const sine = openGolden('sine_mlp');
describe.skipIf(sine === undefined)('sine_mlp in parameter space', () => {
  const jTrain = sine!.matrix('J');
  const jTest = mlpJacobian(sine!.reference, sine!.matrix('Xstar'));

  test('the Jacobian of the test inputs is the one that made the golden kernels', () => {
    expect(relativeError(mlpJacobian(sine!.reference, sine!.matrix('X')).data, jTrain.data)).toBeLessThan(1e-12);
    expect(relativeError(gemm(jTest, jTrain, { transposeB: true }).data, sine!.vector('ntk_cross'))).toBeLessThan(
      1e-12,
    );
  });

  testGolden<JacobianQuery>(sine!, () => ({
    name: 'parameter space',
    query: { jTest },
    posterior: (problem) => parameterSpacePosterior({ ...problem, jTrain }),
  }));
});

// All of mlp2 in parameter space, 4,482 parameters against 32 rows, takes minutes: golden.full.test.ts. This is the harder setting once.
const mlp2 = openGolden('mlp2');
describe.skipIf(mlp2 === undefined)('mlp2 in parameter space', () => {
  test('setting B: mean, covariance, evidence', { timeout: 180_000 }, async () => {
    const { priorVariance, noiseVariance } = mlp2!.setting('B');
    const problem = { jTrain: mlp2!.matrix('J'), priorVariance, noise: noiseVariance, yTrain: mlp2!.vector('Y') };
    const jTest = mlpJacobian(mlp2!.reference, mlp2!.matrix('Xstar'));
    using posterior = await parameterSpacePosterior(problem);
    expect(relativeError(await posterior.mean({ jTest }), mlp2!.vector('gp/B/zero/mean'))).toBeLessThan(BOUNDS.B.mean);
    const covariance = await posterior.covariance({ jTest });
    expect(relativeError(covariance.data, mlp2!.vector('gp/B/cov'))).toBeLessThan(BOUNDS.B.covariance);
    const evidence = mlp2!.reference.number('gp', 'settings', 'B', 'evidence', 'zero', 'log_marginal_likelihood');
    expect(Math.abs(posterior.logMarginalLikelihood / evidence - 1)).toBeLessThan(BOUNDS.B.evidence);
  });
});
