import { functionSpacePosterior, gaussianScores, learnHyperparameters, tridiagonalEvidence } from '@ntk/gp';
import { gemm, matrix } from '@ntk/linop';

// Features of three training rows and one test row. A linearised network supplies its Jacobian, or the kernel directly.
const jTrain = matrix(3, 2, Float64Array.of(1, 0, 1, 1, 1, 2));
const jTest = matrix(1, 2, Float64Array.of(1, 3));
const kTrainTrain = gemm(jTrain, jTrain, { transposeB: true }); // [3, 3]
const kTestTrain = gemm(jTest, jTrain, { transposeB: true }); // [1, 3]
const kTestTest = gemm(jTest, jTest, { transposeB: true }); // [1, 1]
const yTrain = Float64Array.of(0.1, 1.0, 2.1);

const evidence = await tridiagonalEvidence({ kTrainTrain, yTrain });
const { priorVariance, noiseVariance, onEdge } = await learnHyperparameters(evidence);

using posterior = await functionSpacePosterior({ kTrainTrain, priorVariance, noise: noiseVariance, yTrain });
const query = { kTestTrain, kTestTest };
const [mean] = await posterior.mean(query);
const [variance] = await posterior.variance(query); // of the noise-free function
console.log(`${mean!.toFixed(2)} ± ${Math.sqrt(variance! + noiseVariance).toFixed(2)}, edge: ${onEdge ?? 'none'}`);

const verdict = gaussianScores({ ...(await posterior.leaveOneOut()), y: yTrain });
console.log(`leave-one-out RMSE ${verdict.rmse.value.toFixed(2)}, NLPD ${verdict.nlpd.value.toFixed(2)}`);
