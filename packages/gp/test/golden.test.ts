import { type JacobianQuery, type KernelQuery, functionSpacePosterior, parameterSpacePosterior } from '@ntk/gp';
import { gemm } from '@ntk/linop';
import { describe, expect, test } from 'vitest';
import { openGolden, relativeError } from './golden.ts';
import { testGolden } from './golden-suite.ts';
import { mlpJacobian } from './mlp-jacobian.ts';

for (const model of ['sine_mlp', 'mlp2']) {
  const golden = openGolden(model);
  describe.skipIf(golden === undefined)(`${model} in function space`, () => {
    const kTrainTrain = golden!.matrix('ntk');
    const query = { kTestTrain: golden!.matrix('ntk_cross'), kTestTest: golden!.matrix('ntk_star') };
    testGolden<KernelQuery>(golden!, () => ({
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
