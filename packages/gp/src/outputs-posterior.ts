import { type Matrix, matrix } from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import { checkVector } from './checks.ts';
import type { Conditioning } from './conditioning.ts';
import type { LeftOutRows } from './leave-out.ts';
import type { KernelQuery } from './kernel-conditioning.ts';
import type { Posterior, Targets } from './posterior.ts';

/** Derivatives of the summed evidence. */
export interface OutputsGradient {
  /** By log s², which all outputs share. */
  readonly logPriorVariance: number;
  /** By the logarithm of a common factor of the noise variances of each output, [c]. */
  readonly logNoiseVariances: Float64Array;
}

/**
 * A posterior of c outputs that are independent of each other, each over examples; rows are examples × outputs, output fastest.
 *
 * Ownership: the caller disposes it; arrays it returns are the caller's.
 */
export interface OutputsPosterior<Query> {
  readonly outputs: number;
  /** What depends on each output's kernel and noise alone, [c]; outputs with the same of both have the same one. Owned by the posterior. */
  readonly conditionings: readonly Conditioning<KernelQuery>[];
  /** α of each output, [c, n]. */
  readonly coefficients: Matrix;
  /** β of a `constant` prior mean, [c]; empty where the mean is fixed. */
  readonly constant: Float64Array;
  /** log p(y) of all outputs: their sum. */
  readonly logMarginalLikelihood: number;
  /** Largest jitter of the factorisations; 0 unless it was necessary. */
  readonly jitter: number;
  /** Mean at the test rows, [m·c]. */
  mean(query: Query): Promise<Float64Array>;
  /** Variance of the noise-free function, [m·c]; never negative. */
  variance(query: Query): Promise<Float64Array>;
  /** Covariance between the test examples for each output, c matrices [m, m]; between outputs it is 0. */
  covariances(query: Query): Promise<Matrix[]>;
  evidenceGradient(): Promise<OutputsGradient>;
  /** Prediction of each y_i (noise included) from all other examples: leaving out a row and its example are the same here. [n·c] */
  leaveOneOut(): Promise<LeftOutRows>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** How each output sees a query of all. */
export type QuerySplitter<Query> = (query: Query, outputs: number) => KernelQuery[];

/**
 * Joins the posteriors of single outputs.
 *
 * @param posteriors - one an output; owned from here on
 * @param split - the query of each output
 */
export function joinOutputs<Query>(
  posteriors: readonly Posterior<KernelQuery>[],
  split: QuerySplitter<Query>,
): OutputsPosterior<Query> {
  const outputs = posteriors.length;
  const ask = <Answer>(query: Query, one: (posterior: Posterior<KernelQuery>, query: KernelQuery) => Promise<Answer>) =>
    inTurn(split(query, outputs).map((each, a) => () => one(posteriors[a]!, each)));
  const dispose = (): void => posteriors.forEach((posterior) => posterior.dispose());
  return {
    outputs,
    conditionings: posteriors.map(({ conditioning }) => conditioning),
    coefficients: rowsOf(posteriors.map(({ coefficients }) => coefficients)),
    constant: Float64Array.from(posteriors.flatMap(({ constant }) => [...constant])),
    logMarginalLikelihood: sumOf(posteriors.map((posterior) => posterior.logMarginalLikelihood)),
    jitter: Math.max(0, ...posteriors.map(({ jitter }) => jitter)),
    mean: async (query) => interleave(await ask(query, (posterior, each) => posterior.mean(each))),
    variance: async (query) => interleave(await ask(query, (posterior, each) => posterior.variance(each))),
    covariances: (query) => ask(query, (posterior, each) => posterior.covariance(each)),
    evidenceGradient: async () => {
      const gradients = await inTurn(posteriors.map((posterior) => () => posterior.evidenceGradient()));
      return {
        logPriorVariance: sumOf(gradients.map(({ logPriorVariance }) => logPriorVariance)),
        logNoiseVariances: Float64Array.from(gradients, ({ logNoiseVariance }) => logNoiseVariance),
      };
    },
    leaveOneOut: async () => {
      const left = await inTurn(posteriors.map((posterior) => () => posterior.leaveOneOut()));
      return {
        mean: interleave(left.map(({ mean }) => mean)),
        variance: interleave(left.map(({ variance }) => variance)),
      };
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** Targets of each output from those of all rows. @throws {ShapeError} if the rows are not whole examples */
export function splitTargets({ yTrain, priorMean }: Targets, outputs: number): Targets[] {
  const y = deinterleave(yTrain, outputs, 'yTrain');
  if (priorMean === undefined) return y.map((values) => ({ yTrain: values }));
  if (priorMean.kind === 'constant') {
    if (priorMean.outputs === outputs)
      return y.map((yTrain) => ({ yTrain, priorMean: { kind: 'constant', outputs: 1 } }));
    throw new ShapeError(
      `priorMean: got constants of ${priorMean.outputs} outputs, expected ${outputs}, one an output of the kernel`,
    );
  }
  checkVector(priorMean.values, yTrain.length, 'priorMean');
  const means = deinterleave(priorMean.values, outputs, 'priorMean');
  return y.map((yTrain, a) => ({ yTrain, priorMean: { kind: 'fixed', values: means[a]! } }));
}

/** The values of each output from those of all rows, output fastest. @throws {ShapeError} if they are not whole examples */
export function deinterleave(values: Float64Array, outputs: number, name: string): Float64Array[] {
  if (values.length % outputs !== 0) {
    throw new ShapeError(`${name}: got ${values.length} entries, expected a multiple of ${outputs}, the outputs`);
  }
  const n = values.length / outputs;
  return Array.from({ length: outputs }, (_, a) =>
    Float64Array.from({ length: n }, (_, i) => values[i * outputs + a]!),
  );
}

function interleave(columns: readonly Float64Array[]): Float64Array {
  const c = columns.length;
  const result = new Float64Array(c * (columns[0]?.length ?? 0));
  columns.forEach((column, a) => column.forEach((value, i) => (result[i * c + a] = value)));
  return result;
}

function rowsOf(rows: readonly Float64Array[]): Matrix {
  const n = rows[0]?.length ?? 0;
  const stacked = matrix(rows.length, n);
  rows.forEach((row, a) => stacked.data.set(row, a * n));
  return stacked;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

// One after the other: each may hold N² numbers while it runs.
async function inTurn<Answer>(tasks: readonly (() => Promise<Answer>)[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const task of tasks) answers.push(await task());
  return answers;
}
