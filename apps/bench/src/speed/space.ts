import { adapt, type Prediction } from '@ntk/adapt';
import { OptionError, Rng, alignColumns, type Backend } from '@ntk/tensor';
import { findPython } from '../peers/find-python.ts';
import { relativeDistance } from './relative-distance.ts';
import { GIVEN_UP, meanByPeer } from './space-peer.ts';
import { SWEEPS, TEST_POINTS, spaceProblem, type SpaceProblem } from './space-problem.ts';

/** One way through one size in one space. */
export interface SpaceRow {
  readonly n: number;
  readonly p: number;
  readonly space: 'function' | 'parameter';
  /** Ours: solver and form that the plan chose. */
  readonly method: string;
  /** Until the mean is known: ours, what `adapt` takes. null: it was given up. */
  readonly meanMs: number | null;
  /** With ten means and variances; ours alone has them. */
  readonly milliseconds?: number;
  /** What the plan expected; ours alone has one. */
  readonly plannedMs?: number;
  /** Of the means from those of our function space in float64. */
  readonly meanError?: number;
}

/** Function space beside parameter space, over sizes. */
export interface SpaceReport {
  readonly suite: 'space';
  readonly problem: string;
  readonly seed: number;
  readonly rows: readonly SpaceRow[];
  /** Why there is no peer, where there is none. */
  readonly missing?: string;
}

/** The problems of the suite `space`. */
export const SPACE_PROBLEMS: readonly string[] = Object.keys(SWEEPS);

const SPACES = ['function', 'parameter'] as const;
type Space = (typeof SPACES)[number];

/**
 * Times `adapt` and the prediction of ten points with given variances in both spaces, by whatever the plan chooses there, float32 products, Programs not yet
 * compiled; and the means alone in the released code's way, where PyTorch is found.
 *
 * @throws {OptionError} if there is no problem of that name
 */
export async function spaceSuite(
  backend: Backend,
  name: string,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<SpaceReport> {
  const sweep = SWEEPS[name];
  if (sweep === undefined)
    throw new OptionError(`spaceSuite: got '${name}', expected one of ${SPACE_PROBLEMS.join(', ')}`);
  const found = findPython();
  const rows: SpaceRow[] = [];
  for (const size of sweep.sizes) {
    const problem = await spaceProblem(backend, size, new Rng(seed));
    const exact = await adaptIn(backend, problem, 'function', 'float64');
    for (const space of SPACES) {
      const { row, mean } = await adaptIn(backend, problem, space, 'float32');
      rows.push({ ...row, meanError: relativeDistance(mean, exact.mean) });
    }
    if ('missing' in found) continue;
    for (const space of SPACES) rows.push(await peerRow(found.python, problem, space, exact.mean));
  }
  return { suite: 'space', problem: sweep.title, seed, rows, ...('missing' in found ? found : {}) };
}

async function adaptIn(
  backend: Backend,
  { network, x, y, test, priorVariance, noiseVariance: noise }: SpaceProblem,
  space: Space,
  dtype: 'float32' | 'float64',
): Promise<{ readonly row: SpaceRow; readonly mean: Prediction['mean'] }> {
  const options = { backend, space, dtype, priorVariance, noise, predictions: TEST_POINTS, memory: 8 * 2 ** 30 };
  const start = performance.now();
  using adapted = await adapt(network, { x, y }, options);
  const meanMs = performance.now() - start;
  const { mean } = await adapted.predict(test);
  const milliseconds = performance.now() - start;
  const { method, seconds, sizes } = adapted.plan;
  const row = {
    n: y.length,
    p: sizes.p,
    space,
    method: `ours, ${method.solver} on ${method.holds}`,
    meanMs,
    milliseconds,
    plannedMs: 1000 * seconds,
  };
  return { row, mean };
}

async function peerRow(python: string, problem: SpaceProblem, space: Space, exact: Float64Array): Promise<SpaceRow> {
  const p = problem.network.values.reduce((sum, { length }) => sum + length, 0);
  const row = { n: problem.y.length, p, space, method: `the released code's way` };
  const found = await meanByPeer(python, problem, space);
  if (found === undefined) return { ...row, meanMs: null };
  const { milliseconds, steps, mean } = found;
  return {
    ...row,
    method: `${row.method}, ${steps} steps`,
    meanMs: milliseconds,
    meanError: relativeDistance(mean, exact),
  };
}

/** A report of spaces as text for a terminal. */
export function formatSpaceReport({ problem, rows, missing }: SpaceReport): string {
  const table = [
    ['n', 'p', 'space', 'ms to the mean', 'ms with variances', 'planned', 'error of the means', 'by'],
    ...rows.map(({ n, p, space, method, meanMs, milliseconds, plannedMs, meanError }) => [
      String(n),
      String(p),
      space,
      meanMs?.toFixed(0) ?? '–',
      milliseconds?.toFixed(0) ?? '',
      plannedMs?.toFixed(0) ?? '',
      meanError?.toExponential(1) ?? '',
      meanMs === null ? `${method}: ${GIVEN_UP}` : method,
    ]),
  ];
  return [
    problem,
    ...alignColumns(table, [0, 1, 3, 4, 5, 6]).map((line) => `  ${line}`),
    ...(missing === undefined ? [] : [`  no peer: ${missing}`]),
  ].join('\n');
}
