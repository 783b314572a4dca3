import { type JacobianQuery, parameterSpacePosterior } from '@ntk/gp';
import { describe } from 'vitest';
import { openGolden } from './golden.ts';
import { testGolden } from './golden-suite.ts';
import { mlpJacobian } from './mlp-jacobian.ts';

// 4,482 parameters against 32 rows: not what parameter space is for, but the golden values are there. Some eight seconds a posterior.
const golden = openGolden('mlp2');
describe.skipIf(golden === undefined)('mlp2 in parameter space', { timeout: 600_000 }, () => {
  const jTrain = golden!.matrix('J');
  const jTest = mlpJacobian(golden!.reference, golden!.matrix('Xstar'));
  testGolden<JacobianQuery>(golden!, () => ({
    name: 'parameter space',
    query: { jTest },
    posterior: (problem) => parameterSpacePosterior({ ...problem, jTrain }),
  }));
});
