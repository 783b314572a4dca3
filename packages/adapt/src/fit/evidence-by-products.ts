import { lanczosReduction } from '@ntk/cg';
import { krylovEvidence, krylovRun, learnHyperparameters, type KrylovEvidence, type LearnOptions } from '@ntk/gp';
import { ntkOperator } from '@ntk/jacobian';
import { matrixOperator, productOperator, type LinearOperator } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { KRYLOV, krylovVectorsAtOnce } from './evidence-size.ts';
import type { FitProblem } from './fit-problem.ts';
import type { HeldMatrices } from './held-matrices.ts';

/** What is given of the variances, and which of the rows share what noise. */
export interface EvidenceSearch {
  readonly noiseShape: Float64Array | undefined;
  readonly learn: LearnOptions;
}

/**
 * The evidence of all rows from one Krylov run on products with what there is of the kernel: the same random vectors every time. It ends once more steps would change the
 * evidence that was found by less than a tenth of what the vectors leave open.
 *
 * @param held - borrowed
 *
 * Cost: products with 9 vectors a step, at most 100 steps.
 */
export async function evidenceByProducts(
  problem: FitProblem,
  held: HeldMatrices,
  { noiseShape, learn }: EvidenceSearch,
): Promise<KrylovEvidence> {
  const { targets, linearization, options } = problem;
  const owned: LinearOperator[] = [];
  try {
    const kTrainTrain = kernelOperator(problem, held, owned);
    const { probes, steps: maxSteps } = KRYLOV;
    const run = await krylovRun(
      { kTrainTrain, ...targets, ...(noiseShape === undefined ? {} : { noiseShape }) },
      lanczosReduction({ maxSteps }),
      {
        rng: new Rng('evidence'),
        probes,
        vectorsAtOnce: krylovVectorsAtOnce(linearization.n * linearization.c, options.memory),
        isEnough: async (so) => hasSettled(krylovEvidence(so), learn),
      },
    );
    return krylovEvidence(run);
  } finally {
    for (const operator of owned.reverse()) operator.dispose();
  }
}

async function hasSettled(evidence: KrylovEvidence, learn: LearnOptions): Promise<boolean> {
  const { priorVariance, noiseVariance } = await learnHyperparameters(evidence, learn);
  const { truncation, standardError } = evidence.estimate(priorVariance, noiseVariance);
  return truncation <= 0.1 * Math.max(1, standardError);
}

function kernelOperator(
  { linearization, plan }: FitProblem,
  { kTrainTrain, jTrain }: HeldMatrices,
  owned: LinearOperator[],
): LinearOperator {
  const own = (operator: LinearOperator): LinearOperator => (owned.push(operator), operator);
  const { backend, dtype } = linearization;
  const place = { backend, dtype };
  if (kTrainTrain !== undefined) {
    const { productDtype } = plan.method; // no less precise than its entries
    return own(matrixOperator(kTrainTrain, { backend, dtype: productDtype, tags: ['symmetric'] }));
  }
  if (jTrain === undefined) return ntkOperator(linearization);
  const j = 'data' in jTrain ? own(matrixOperator(jTrain, place)) : jTrain;
  return own(productOperator(j, own(j.transpose()), { tags: ['symmetric'] }));
}
