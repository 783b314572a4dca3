import { learnHyperparameters, tridiagonalEvidence, type PriorMean } from '@ntk/gp';
import { matrix, type Matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';

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

/** What hyperparameters are learned from: a kernel without prior variance, targets, and their prior mean. */
export interface EvidenceData {
  readonly kTrainTrain: Matrix;
  readonly yTrain: Float64Array;
  readonly priorMean: PriorMean | undefined;
  /** c: rows of an example stay together where examples are sampled. */
  readonly outputs: number;
}

/** What is given; the rest is learned. */
export interface GivenVariances {
  readonly noise: number | 'learn';
  readonly priorVariance: number | 'learn';
}

/** Rows beyond this make the tridiagonal reduction, 2/3 N³, take minutes: a random subset determines two numbers well enough. */
const MAX_ROWS = 2000;

/**
 * Fills in the variances that are not given by maximising the evidence.
 *
 * With more than 2,000 rows, a random subset of examples (fixed seed) is used: the same data give the same values.
 */
export async function resolveHyperparameters(data: EvidenceData, given: GivenVariances): Promise<Hyperparameters> {
  const { noise, priorVariance } = given;
  if (noise !== 'learn' && priorVariance !== 'learn') {
    return { priorVariance, noiseVariance: noise, learned: [], rowsUsed: 0 };
  }
  const used = data.yTrain.length > MAX_ROWS ? subset(data) : data;
  const { priorMean, ...problem } = used;
  const evidence = await tridiagonalEvidence(priorMean === undefined ? problem : { ...problem, priorMean });
  const learned = await learnHyperparameters(evidence, {
    ...(noise === 'learn' ? {} : { noiseVariance: noise }),
    ...(priorVariance === 'learn' ? {} : { priorVariance }),
  });
  return {
    priorVariance: learned.priorVariance,
    noiseVariance: learned.noiseVariance,
    learned: [
      ...(priorVariance === 'learn' ? (['priorVariance'] as const) : []),
      ...(noise === 'learn' ? (['noiseVariance'] as const) : []),
    ],
    ...(learned.onEdge === undefined ? {} : { onEdge: learned.onEdge }),
    rowsUsed: used.yTrain.length,
  };
}

function subset({ kTrainTrain, yTrain, priorMean, outputs }: EvidenceData): EvidenceData {
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
  return {
    kTrainTrain: kernel,
    yTrain: pick(yTrain),
    priorMean: priorMean?.kind === 'fixed' ? { kind: 'fixed', values: pick(priorMean.values) } : priorMean,
    outputs,
  };
}
