import {
  groupedEvidence,
  jacobianEvidence,
  jointEvidence,
  learnGroupVariances,
  learnHyperparameters,
  outputKernels,
  traceKernel,
  tridiagonalEvidence,
  type EvidenceFunction,
  type Targets,
} from '@ntk/gp';
import type { Matrix } from '@ntk/linop';
import { OptionError, unitRoundoff, type DType } from '@ntk/tensor';
import { EVIDENCE_PARAMETERS, EVIDENCE_ROWS, GROUPED_EVIDENCE_ROWS } from './evidence-size.ts';
import type { FitProblem } from './fit-problem.ts';
import { rowNoise, type RowNoise } from './row-noise.ts';
import { sampleKernel, type KernelSample } from './sample-kernel.ts';

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
  /** Training rows that the evidence was computed on; fewer than all where there are very many. */
  readonly rowsUsed: number;
}

/** The variances that a posterior is conditioned with. */
export interface Variances {
  readonly hyperparameters: Hyperparameters;
  /** Σ: one variance for all training rows, or one for each, [N]. */
  readonly noise: number | Float64Array;
  /** What was maximised, where it was a function of one prior and one noise variance. */
  readonly evidence?: EvidenceFunction;
}

/** What there is of the kernel already; the rest is made where it is needed. */
export interface HeldMatrices {
  readonly kTrainTrain?: Matrix;
  readonly jTrain?: Matrix;
}

/**
 * Fills in the variances that are not given by maximising the evidence: on all rows where there are fewer parameters, and few of them; otherwise on at
 * most 2,000 rows, a random subset of the examples that is the same every time.
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
  const { evidence, rowsUsed } = await evidenceOf(problem, held, noiseShape);
  const resolution = kernelRounding(problem.linearization.dtype, rowsUsed);
  const found = await learnHyperparameters(evidence, {
    bounds: [Math.max(1e-10, resolution), 1e6],
    ...(given === undefined ? {} : { noiseVariance: typeof given.rows === 'number' ? given.rows : 1 }),
    ...(priorVariance === 'learn' ? {} : { priorVariance }),
  });
  const learned = variances(given ?? rowNoise(found.noiseVariance, n, c), {
    priorVariance: found.priorVariance,
    learned: [
      ...(priorVariance === 'learn' ? (['priorVariance'] as const) : []),
      ...(noise === 'learn' ? (['noiseVariance'] as const) : []),
    ],
    ...(found.onEdge === undefined ? {} : { onEdge: found.onEdge }),
    rowsUsed,
  });
  return noiseShape === undefined ? { ...learned, evidence } : learned;
}

/** How far the rounding of its entries moves the eigenvalues of a kernel, at most, in units of its mean diagonal: N times the unit roundoff. */
export function kernelRounding(dtype: DType, rows: number): number {
  return rows * unitRoundoff(dtype);
}

function variances(
  { rows, outputs }: RowNoise,
  rest: Omit<Hyperparameters, 'noiseVariance' | 'noiseVariances'>,
): Variances {
  const noiseVariance =
    typeof rows === 'number' ? rows : outputs.reduce((sum, value) => sum + value / outputs.length, 0);
  return { noise: rows, hyperparameters: { ...rest, noiseVariance, noiseVariances: outputs } };
}

async function evidenceOf(
  problem: FitProblem,
  { kTrainTrain, jTrain }: HeldMatrices,
  noiseShape: Float64Array | undefined,
): Promise<{ readonly evidence: EvidenceFunction; readonly rowsUsed: number }> {
  const { linearization, targets, plan } = problem;
  const { n, c, p, jacobian } = linearization;
  const shape = noiseShape === undefined ? {} : { noiseShape };
  if (plan.method.holds !== 'kernel' && p < n * c && p <= EVIDENCE_PARAMETERS) {
    const evidence = await jacobianEvidence({ jTrain: jTrain ?? jacobian, ...targets, ...shape });
    return { evidence, rowsUsed: n * c };
  }
  const sample = await sampleKernel(problem, { rows: EVIDENCE_ROWS, held: kTrainTrain, noiseShape });
  const rowsUsed = sample.targets.yTrain.length;
  if (plan.layout !== 'full') return { evidence: await outputsEvidence(sample, c, plan.layout), rowsUsed };
  return {
    evidence: await tridiagonalEvidence({
      kTrainTrain: sample.kTrainTrain,
      ...sample.targets,
      ...(sample.noiseShape === undefined ? {} : { noiseShape: sample.noiseShape }),
    }),
    rowsUsed,
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
    const pick = (values: Float64Array): Float64Array => values.filter((_, i) => i % c === a);
    parts.push(
      await tridiagonalEvidence({
        kTrainTrain: kernel,
        ...outputTargets(targets, pick),
        ...(noiseShape === undefined ? {} : { noiseShape: pick(noiseShape) }),
      }),
    );
  }
  return jointEvidence(parts);
}

function outputTargets({ yTrain, priorMean }: Targets, pick: (values: Float64Array) => Float64Array): Targets {
  if (priorMean === undefined) return { yTrain: pick(yTrain) };
  return {
    yTrain: pick(yTrain),
    priorMean:
      priorMean.kind === 'fixed' ? { kind: 'fixed', values: pick(priorMean.values) } : { kind: 'constant', outputs: 1 },
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
