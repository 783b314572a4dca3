import type { Targets } from '@ntk/gp';
import { kernelMatrix, linearize, type Linearization } from '@ntk/jacobian';
import { matrix, type Matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import type { FitProblem } from './fit-problem.ts';
import { pickExamples, pickRows } from './training-data.ts';

/** The kernel and the targets of some training rows. */
export interface KernelSample {
  readonly kTrainTrain: Matrix;
  readonly targets: Targets;
  /** Relative noise variances of the rows, where they differ. */
  readonly noiseShape: Float64Array | undefined;
}

/** Rows of a sample of at most so many: of whole examples, at least one. */
export function sampleRows({ linearization: { n, c } }: Pick<FitProblem, 'linearization'>, most: number): number {
  return c * Math.min(n, Math.max(1, Math.floor(most / c)));
}

/**
 * The kernel of all examples, or of as many random ones as have at most `rows` rows; the same ones every time.
 *
 * @param held - the kernel of all rows, where it is there already; borrowed
 *
 * Cost: the kernel of the sample, and one forward pass where it is not all of the examples.
 */
export async function sampleKernel(
  problem: FitProblem,
  { rows, held, noiseShape }: { rows: number; held: Matrix | undefined; noiseShape: Float64Array | undefined },
): Promise<KernelSample> {
  const { linearization, targets, data, network, options, plan } = problem;
  const { n, c, backend, dtype, memory } = linearization;
  const { productDtype } = plan.method;
  const kernelOf = (of: Linearization): Promise<Matrix> => kernelMatrix(of, of, { productDtype });
  if (n * c <= rows) return { kTrainTrain: held ?? (await kernelOf(linearization)), targets, noiseShape };
  const examples = new Rng('evidence')
    .permutation(n)
    .slice(0, sampleRows(problem, rows) / c)
    .sort((a, b) => a - b);
  const picked = pickExamples(data, examples, n);
  const pick = (values: Float64Array): Float64Array => pickRows(values, examples, c);
  const { priorMean } = targets;
  const sampled: Targets = {
    yTrain: picked.y,
    ...(priorMean === undefined
      ? {}
      : { priorMean: priorMean.kind === 'fixed' ? { kind: 'fixed', values: pick(priorMean.values) } : priorMean }),
  };
  const shape = noiseShape === undefined ? undefined : pick(noiseShape);
  if (held !== undefined) return { kTrainTrain: principal(held, examples, c), targets: sampled, noiseShape: shape };
  using sample = await linearize(network, picked.x, {
    backend,
    dtype,
    layers: options.layers,
    memoryBytes: memory.budgetBytes,
  });
  return { kTrainTrain: await kernelOf(sample), targets: sampled, noiseShape: shape };
}

/** The rows and columns of some examples. */
function principal(kernel: Matrix, examples: readonly number[], c: number): Matrix {
  const rows = examples.flatMap((example) => Array.from({ length: c }, (_, output) => example * c + output));
  const result = matrix(rows.length, rows.length);
  rows.forEach((row, i) =>
    rows.forEach((column, j) => (result.data[i * rows.length + j] = kernel.data[row * kernel.columns + column]!)),
  );
  return result;
}
