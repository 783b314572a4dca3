import {
  groupedEvidence,
  jacobianEvidence,
  jointEvidence,
  learnGroupVariances,
  learnHyperparameters,
  outputKernels,
  traceKernel,
  tridiagonalEvidence,
  type EvidenceEstimate,
  type EvidenceFunction,
  type LearnOptions,
  type Targets,
} from '@ntk/gp';
import type { Matrix } from '@ntk/linop';
import { OptionError, unitRoundoff, type DType } from '@ntk/tensor';
import { evidenceByProducts, type EvidenceSearch } from './evidence-by-products.ts';
import { EVIDENCE_ROWS, GROUPED_EVIDENCE_ROWS } from './evidence-size.ts';
import { evidenceSource, type EvidenceSource } from './evidence-source.ts';
import type { FitProblem } from './fit-problem.ts';
import type { HeldMatrices } from './held-matrices.ts';
import { rowNoise, type RowNoise } from './row-noise.ts';
import { sampleKernel, sampleRows, type KernelSample } from './sample-kernel.ts';
import { pick } from '../systems/system-jacobian.ts';

/** The variances of the model and where they came from. */
export interface Hyperparameters {
  /** s², multiplies J Jᵀ. */
  readonly priorVariance: number;
  /** σ², in squared units of the targets; the mean over the outputs where they differ. */
  readonly noiseVariance: number;
  /** Noise variance of a new measurement of each output, [c]. */
  readonly noiseVariances: Float64Array;
  /** Which of the two were learned from the evidence. */
  readonly learned: readonly ('priorVariance' | 'noiseVariance')[];
  /** At which end of the search the ratio σ²/s² lies, if it does: the data then do not determine it. */
  readonly onEdge?: 'lower' | 'upper';
  /** Training rows that the evidence was computed on; fewer than all where that was asked for, or nothing else is possible. */
  readonly rowsUsed: number;
  /** How far the evidence that was maximised can be off, where it was estimated by products with all rows. */
  readonly estimate?: EvidenceErrors;
}

/** Errors of an estimated evidence at its maximum. */
export interface EvidenceErrors
  extends Pick<EvidenceEstimate, 'logMarginalLikelihood' | 'standardError' | 'truncation'> {
  /** Random vectors. */
  readonly probes: number;
  /** Lanczos steps. */
  readonly steps: number;
}

/** The variances that a posterior is conditioned with. */
export interface Variances {
  readonly hyperparameters: Hyperparameters;
  /** Σ: one variance for all training rows, or one for each, [N]. */
  readonly noise: number | Float64Array;
  /** What was maximised, where it was a function of one prior and one noise variance. */
  readonly evidence?: EvidenceFunction;
}

/**
 * Fills in the variances that are not given by maximising the evidence: exactly where there are few parameters or at most 2,000 rows, beyond by one Krylov run on all rows. On a
 * random sample of 2,000 rows, the same every time, where that was asked for, or every output has a kernel of its own.
 *
 * @param held - borrowed
 * @throws {OptionError} if what is given cannot be combined with what is to be learned
 * @throws {ShapeError} if there are not as many noise variances as rows or outputs
 */
export async function resolveVariances(problem: FitProblem, held: HeldMatrices): Promise<Variances> {
  const { noise, priorVariance } = problem.options;
  const { n, c } = problem.linearization;
  if (noise === 'learn-outputs') return learnOutputNoise(problem, held);
  const given = noise === 'learn' ? undefined : rowNoise(noise, n, c);
  if (given !== undefined && priorVariance !== 'learn')
    return variances(given, { priorVariance, learned: [], rowsUsed: 0 });
  problem.options.onProgress('evidence');
  // With one noise variance a row, they are the shape, and its factor is known to be 1.
  const noiseShape = given !== undefined && typeof given.rows !== 'number' ? given.rows : undefined;
  const source = evidenceSource(problem.plan);
  const rowsUsed = source === 'sample' ? sampleRows(problem, EVIDENCE_ROWS) : n * c;
  const learn: LearnOptions = {
    bounds: [Math.max(1e-10, kernelRounding(problem.plan.method.productDtype, rowsUsed)), 1e6],
    ...(given === undefined ? {} : { noiseVariance: typeof given.rows === 'number' ? given.rows : 1 }),
    ...(priorVariance === 'learn' ? {} : { priorVariance }),
  };
  const { evidence, errorsAt } = await evidenceOf(problem, held, { source, noiseShape, learn });
  const found = await learnHyperparameters(evidence, learn);
  const learned = variances(given ?? rowNoise(found.noiseVariance, n, c), {
    priorVariance: found.priorVariance,
    learned: [
      ...(priorVariance === 'learn' ? (['priorVariance'] as const) : []),
      ...(noise === 'learn' ? (['noiseVariance'] as const) : []),
    ],
    ...(found.onEdge === undefined ? {} : { onEdge: found.onEdge }),
    rowsUsed,
    ...(errorsAt === undefined ? {} : { estimate: errorsAt(found.priorVariance, found.noiseVariance) }),
  });
  return noiseShape === undefined ? { ...learned, evidence } : learned;
}

/** How far the rounding of its entries moves the eigenvalues of a kernel, at most, in units of its mean diagonal: N times the unit roundoff of the products it is made of. */
export function kernelRounding(productDtype: DType, rows: number): number {
  return rows * unitRoundoff(productDtype);
}

function variances(
  { rows, outputs }: RowNoise,
  rest: Omit<Hyperparameters, 'noiseVariance' | 'noiseVariances'>,
): Variances {
  const noiseVariance =
    typeof rows === 'number' ? rows : outputs.reduce((sum, value) => sum + value / outputs.length, 0);
  return { noise: rows, hyperparameters: { ...rest, noiseVariance, noiseVariances: outputs } };
}

interface FoundEvidence {
  readonly evidence: EvidenceFunction;
  readonly errorsAt?: (priorVariance: number, noiseVariance: number) => EvidenceErrors;
}

async function evidenceOf(
  problem: FitProblem,
  held: HeldMatrices,
  { source, noiseShape, learn }: EvidenceSearch & { readonly source: EvidenceSource | undefined },
): Promise<FoundEvidence> {
  const { linearization, targets, plan } = problem;
  if (source === 'parameters') {
    const shape = noiseShape === undefined ? {} : { noiseShape };
    const { jTrain = linearization.jacobian } = held;
    return { evidence: await jacobianEvidence({ jTrain, ...targets, ...shape }) };
  }
  if (source === 'products') {
    const evidence = await evidenceByProducts(problem, held, { noiseShape, learn });
    const { probes, steps } = evidence;
    return {
      evidence,
      errorsAt: (s2, sigma2) => {
        const { logMarginalLikelihood, standardError, truncation } = evidence.estimate(s2, sigma2);
        return { logMarginalLikelihood, standardError, truncation, probes, steps };
      },
    };
  }
  const sample = await sampleKernel(problem, { rows: EVIDENCE_ROWS, held: held.kTrainTrain, noiseShape });
  if (plan.layout !== 'full') return { evidence: await outputsEvidence(sample, linearization.c, plan.layout) };
  return {
    evidence: await tridiagonalEvidence({
      kTrainTrain: sample.kTrainTrain,
      ...sample.targets,
      ...(sample.noiseShape === undefined ? {} : { noiseShape: sample.noiseShape }),
    }),
  };
}

/** The sum over outputs that have a kernel each, or one in common. */
async function outputsEvidence(
  { kTrainTrain, targets, noiseShape }: KernelSample,
  c: number,
  layout: 'independent' | 'shared',
): Promise<EvidenceFunction> {
  const kernels =
    layout === 'independent' ? outputKernels(kTrainTrain, c) : new Array<Matrix>(c).fill(traceKernel(kTrainTrain, c));
  const parts: EvidenceFunction[] = [];
  for (const [a, kernel] of kernels.entries()) {
    const own = (values: Float64Array): Float64Array => pick(values, c, a);
    parts.push(
      await tridiagonalEvidence({
        kTrainTrain: kernel,
        ...outputTargets(targets, own),
        ...(noiseShape === undefined ? {} : { noiseShape: own(noiseShape) }),
      }),
    );
  }
  return jointEvidence(parts);
}

function outputTargets({ yTrain, priorMean }: Targets, own: (values: Float64Array) => Float64Array): Targets {
  if (priorMean === undefined) return { yTrain: own(yTrain) };
  return {
    yTrain: own(yTrain),
    priorMean:
      priorMean.kind === 'fixed' ? { kind: 'fixed', values: own(priorMean.values) } : { kind: 'constant', outputs: 1 },
  };
}

/** A noise variance for each output: no single spectrum serves them, so gradients do. */
async function learnOutputNoise(problem: FitProblem, { kTrainTrain }: HeldMatrices): Promise<Variances> {
  const { linearization, options, plan } = problem;
  const { n, c } = linearization;
  if (options.priorVariance !== 'learn' || plan.layout !== 'full') {
    throw new OptionError(
      `noise: got 'learn-outputs' with prior variance ${options.priorVariance} and outputs ${plan.layout}, expected the prior variance to be learned too and outputs full`,
    );
  }
  options.onProgress('evidence');
  const sample = await sampleKernel(problem, { rows: GROUPED_EVIDENCE_ROWS, held: kTrainTrain, noiseShape: undefined });
  const evidence = groupedEvidence({ kernels: [sample.kTrainTrain], ...sample.targets, noiseOutputs: c });
  const { priorVariances, noiseVariances } = await learnGroupVariances(evidence);
  return variances(rowNoise(noiseVariances, n, c), {
    priorVariance: priorVariances[0]!,
    learned: ['priorVariance', 'noiseVariance'],
    rowsUsed: sample.targets.yTrain.length,
  });
}
