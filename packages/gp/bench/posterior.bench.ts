import { functionSpacePosterior, learnHyperparameters, tridiagonalEvidence } from '@ntk/gp';
import { gemm, matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { bench, describe } from 'vitest';

const PARAMETERS = 200;
const TEST_ROWS = 500;

describe.each([500, 1000, 2000])('N = %i', (n) => {
  const rng = new Rng('posterior bench');
  const jTrain = matrix(n, PARAMETERS, rng.normals(n * PARAMETERS));
  const jTest = matrix(TEST_ROWS, PARAMETERS, rng.normals(TEST_ROWS * PARAMETERS));
  const kTrainTrain = gemm(jTrain, jTrain, { transposeB: true });
  const kTestTrain = gemm(jTest, jTrain, { transposeB: true });
  const kTestDiagonal = Float64Array.from({ length: TEST_ROWS }, (_, i) =>
    jTest.data.subarray(i * PARAMETERS, (i + 1) * PARAMETERS).reduce((sum, value) => sum + value * value, 0),
  );
  const signal = gemm(matrix(1, PARAMETERS, rng.normals(PARAMETERS)), jTrain, { transposeB: true }).data;
  const yTrain = signal.map((value) => value + rng.normal());
  const options = { iterations: 3, warmupIterations: 1, time: 0, warmupTime: 0 };

  bench(
    'learn both variances',
    async () => {
      await learnHyperparameters(await tridiagonalEvidence({ kTrainTrain, yTrain }));
    },
    options,
  );
  bench(
    'posterior and 500 means and variances',
    async () => {
      using posterior = await functionSpacePosterior({ kTrainTrain, yTrain, noise: 1 });
      await posterior.mean({ kTestTrain });
      await posterior.variance({ kTestTrain, kTestDiagonal });
    },
    options,
  );
  bench(
    'posterior and leave-one-out',
    async () => {
      using posterior = await functionSpacePosterior({ kTrainTrain, yTrain, noise: 1 });
      await posterior.leaveOneOut();
    },
    options,
  );
});
