import { lanczosRoot } from '@ntk/cg';
import { cacheExactVariance, cacheVariance, pathwiseSamples } from '@ntk/gp';
import { kernelDiagonal } from '@ntk/jacobian';
import { choleskyInverse, cholesky, matrix, type Matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import type { AdaptedNetwork } from '../adapt.ts';
import { weightRows } from '../systems/combine-outputs.ts';
import type { OutputSystem } from '../systems/output-systems.ts';
import { systemDiagonals } from '../systems/system-jacobian.ts';
import type { RootVariance, SampledVariance, StoredConstant, StoredRoot, WeightRoot } from './stored-posterior.ts';

/**
 * Roots of every Gaussian process of a posterior.
 *
 * @param rank - rows of each, by Lanczos; 'exact' takes the factor that the posterior was found by
 *
 * Cost: 'exact' one product with Jᵀ for each row; otherwise 6 products with J or Jᵀ for each unit of rank.
 */
export async function storeRoots(
  adapted: AdaptedNetwork,
  systems: readonly OutputSystem[],
  rank: number | 'exact',
): Promise<RootVariance> {
  const { linearization, outputs: layout } = adapted;
  const { priorVariance } = adapted.hyperparameters;
  const common = new Set(systems.map(({ weights }) => weights)).size === 1;
  const diagonals =
    rank === 'exact' ? [] : systemDiagonals(await kernelDiagonal(linearization), linearization.c, layout);
  const roots: StoredRoot[] = [];
  for (const [i, system] of (common ? systems.slice(0, 1) : systems).entries()) {
    const root =
      rank === 'exact'
        ? await exactRoot(system, priorVariance)
        : await lowRankRoot(system, { priorVariance, diagonal: diagonals[i] ?? diagonals[0]!, rank });
    roots.push({
      root,
      ...(system.targets.priorMean?.kind === 'constant' ? { constant: await storeConstant(system) } : {}),
    });
  }
  return { kind: 'root', roots };
}

async function exactRoot(system: OutputSystem, priorVariance: number): Promise<WeightRoot> {
  if (system.weightRoot !== undefined) return { form: 'covariance', root: await system.weightRoot() };
  const model = { jTrain: system.jacobian, priorVariance, noiseVariance: noiseOf(system) };
  return { form: 'cached', cache: await cacheExactVariance(model, await system.rowRoot!()) };
}

async function lowRankRoot(
  system: OutputSystem,
  {
    priorVariance,
    diagonal,
    rank,
  }: { readonly priorVariance: number; readonly diagonal: Float64Array; readonly rank: number },
): Promise<WeightRoot> {
  const priorVariances = diagonal.map((value) => priorVariance * value);
  const model = { jTrain: system.jacobian, priorVariance, noiseVariance: noiseOf(system), priorVariances };
  return {
    form: 'cached',
    cache: await cacheVariance(model, lanczosRoot({ rank: Math.min(rank, system.weights.rows) })),
  };
}

/** Noise variances of the rows, which are independent. */
function noiseOf({ weights }: OutputSystem): Float64Array {
  return weights.precisionRoot.blocks.map((scale) => 1 / scale ** 2);
}

/** The uncertainty of the constants of a prior mean `constant`. Cost: one solve for each. */
export async function storeConstant({ weights, targets }: OutputSystem): Promise<StoredConstant> {
  const q = targets.priorMean?.kind === 'constant' ? targets.priorMean.outputs : 0;
  const { blocks } = weights.precisionRoot;
  const whitened = matrix(q, weights.rows);
  for (let i = 0; i < weights.rows; i++) whitened.data[(i % q) * weights.rows + i] = blocks[i]!;
  const { coefficients, gram } = await weights.solve(whitened);
  return { covariance: choleskyInverse(cholesky(gram).factor), weights: coefficients };
}

/**
 * Functions drawn from a posterior, as weights.
 *
 * Cost: one block solve of `count` right-hand sides for each output, and memory for `count` times the weights of the mean.
 */
export async function storeSamples(
  { linearization, outputs: layout }: AdaptedNetwork,
  systems: readonly OutputSystem[],
  { count, rng = new Rng('posterior samples') }: { readonly count: number; readonly rng?: Rng | undefined },
): Promise<SampledVariance> {
  const { c, p } = linearization;
  const rows = weightRows(layout, c);
  const weights = matrix(count * rows, p);
  const drawn: Matrix[] = [];
  for (const [output, system] of systems.entries()) {
    const options = { samples: count, rng: rng.fork(output) };
    const { weights: features, constants } = await pathwiseSamples(system.weights, system.targets, options);
    placeSamples(weights, features, { output, outputs: c, layout });
    drawn.push(constants);
  }
  const q = drawn.reduce((sum, { columns }) => sum + columns, 0);
  const constants = matrix(count, q);
  for (let i = 0; i < constants.data.length; i++) {
    const [s, a] = [Math.floor(i / q), i % q];
    constants.data[i] = drawn.length === 1 ? drawn[0]!.data[i]! : drawn[a]!.data[s]!;
  }
  return { kind: 'samples', count, weights, constants };
}

interface Place {
  readonly output: number;
  readonly outputs: number;
  readonly layout: AdaptedNetwork['outputs'];
}

/** Puts the samples of one system where `combineOutputs` looks for them. */
function placeSamples(target: Matrix, features: Matrix, { output, outputs, layout }: Place): void {
  const p = target.columns;
  const rows = weightRows(layout, outputs);
  for (let s = 0; s < features.rows; s++) {
    const sample = features.data.subarray(s * features.columns, (s + 1) * features.columns);
    if (layout !== 'shared') {
      target.data.set(sample, (s * rows + (layout === 'full' ? 0 : output)) * p);
      continue;
    }
    // The features of `shared` are J_a/√c, so that its weights are √c times those of J_a.
    for (let a = 0; a < outputs; a++) {
      const part = sample.subarray(a * p, (a + 1) * p).map((value) => value / Math.sqrt(outputs));
      target.data.set(part, (s * rows + a * outputs + output) * p);
    }
  }
}
