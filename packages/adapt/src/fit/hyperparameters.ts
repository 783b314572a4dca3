import {
  jacobianEvidence,
  learnHyperparameters,
  tridiagonalEvidence,
  type EvidenceFunction,
  type JacobianEvidenceProblem,
  type EvidenceProblem,
} from '@ntk/gp';
import { matrix } from '@ntk/linop';
import { Rng, unitRoundoff, type DType } from '@ntk/tensor';

/** The two variances of the model and where they came from. */
export interface Hyperparameters {
  /** s², multiplies J Jᵀ. */
  readonly priorVariance: number;
  /** σ², in squared units of the targets. */
  readonly noiseVariance: number;
  /** Which of the two were learned from the evidence. */
  readonly learned: readonly ('priorVariance' | 'noiseVariance')[];
  /** At which end of the search the ratio σ²/s² lies, if it does: the data then do not determine it. */
  readonly onEdge?: 'lower' | 'upper';
  /** Training rows that the evidence was computed on; fewer than all where there are very many. */
  readonly rowsUsed: number;
}

/** What is given; the rest is learned. */
export interface GivenVariances {
  readonly noise: number | 'learn';
  readonly priorVariance: number | 'learn';
}

/** The evidence of a model, and on how many rows it was computed. */
export interface ModelEvidence {
  readonly evidence: EvidenceFunction;
  /** Least ratio σ²/s² worth looking at, in units of the kernel's mean diagonal: the rounding of its entries. */
  readonly resolution: number;
  readonly rowsUsed: number;
}

/**
 * Fills in the variances that are not given by maximising the evidence.
 *
 * @param evidence - called only if something is to be learned
 */
export async function resolveHyperparameters(
  given: GivenVariances,
  evidence: () => Promise<ModelEvidence>,
): Promise<Hyperparameters> {
  const { noise, priorVariance } = given;
  if (noise !== 'learn' && priorVariance !== 'learn')
    return { priorVariance, noiseVariance: noise, learned: [], rowsUsed: 0 };
  const { evidence: surface, rowsUsed, resolution } = await evidence();
  const found = await learnHyperparameters(surface, {
    bounds: [Math.max(1e-10, resolution), 1e6],
    ...(noise === 'learn' ? {} : { noiseVariance: noise }),
    ...(priorVariance === 'learn' ? {} : { priorVariance }),
  });
  const learned = [
    ...(priorVariance === 'learn' ? (['priorVariance'] as const) : []),
    ...(noise === 'learn' ? (['noiseVariance'] as const) : []),
  ];
  return {
    priorVariance: found.priorVariance,
    noiseVariance: found.noiseVariance,
    learned,
    ...(found.onEdge === undefined ? {} : { onEdge: found.onEdge }),
    rowsUsed,
  };
}

/** The evidence in parameter space, on all rows: it costs p³, not N³. */
export async function parameterSpaceEvidence(problem: JacobianEvidenceProblem, dtype: DType): Promise<ModelEvidence> {
  const rows = problem.yTrain.length;
  return { evidence: await jacobianEvidence(problem), rowsUsed: rows, resolution: kernelRounding(dtype, rows) };
}

/** Rows beyond which the tridiagonal reduction, 2/3 N³, takes minutes: a random subset determines two numbers well enough. */
const MAX_ROWS = 2000;

/**
 * The evidence in function space. With more than 2,000 rows a random subset of examples (fixed seed) is used: the same data give the same values.
 *
 * @param outputs - c: rows of an example stay together where examples are sampled
 */
export async function functionSpaceEvidence(
  problem: EvidenceProblem,
  { outputs, dtype }: { readonly outputs: number; readonly dtype: DType },
): Promise<ModelEvidence> {
  const used = problem.yTrain.length > MAX_ROWS ? subset(problem, outputs) : problem;
  const rows = used.yTrain.length;
  return { evidence: await tridiagonalEvidence(used), rowsUsed: rows, resolution: kernelRounding(dtype, rows) };
}

/** How far the rounding of its entries moves the eigenvalues of a kernel, at most, in units of its mean diagonal: N times the unit roundoff. */
export function kernelRounding(dtype: DType, rows: number): number {
  return rows * unitRoundoff(dtype);
}

function subset({ kTrainTrain, yTrain, priorMean, noiseShape }: EvidenceProblem, outputs: number): EvidenceProblem {
  const examples = Math.floor(MAX_ROWS / outputs);
  const chosen = new Rng('evidence')
    .permutation(yTrain.length / outputs)
    .slice(0, examples)
    .sort((a, b) => a - b);
  const rows = chosen.flatMap((example) => Array.from({ length: outputs }, (_, output) => example * outputs + output));
  const pick = (values: Float64Array): Float64Array => Float64Array.from(rows, (row) => values[row]!);
  const kernel = matrix(rows.length, rows.length);
  rows.forEach((row, i) =>
    rows.forEach(
      (column, j) => (kernel.data[i * rows.length + j] = kTrainTrain.data[row * kTrainTrain.columns + column]!),
    ),
  );
  const mean = priorMean?.kind === 'fixed' ? ({ kind: 'fixed', values: pick(priorMean.values) } as const) : priorMean;
  return {
    kTrainTrain: kernel,
    yTrain: pick(yTrain),
    ...(mean === undefined ? {} : { priorMean: mean }),
    ...(noiseShape === undefined ? {} : { noiseShape: pick(noiseShape) }),
  };
}
