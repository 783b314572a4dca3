import { adapt, type Prediction } from '@ntk/adapt';
import { denseNetwork } from '@ntk/models';
import { OptionError, Rng, type Backend, type Network } from '@ntk/tensor';
import { meanDiagonal } from './mean-diagonal.ts';
import { relativeDistance } from './relative-distance.ts';

/** One size in one space. */
export interface SpaceRow {
  readonly n: number;
  readonly p: number;
  readonly space: 'function' | 'parameter';
  /** Solver and form that the plan chose. */
  readonly method: string;
  readonly milliseconds: number;
  /** What the plan expected. */
  readonly plannedMs: number;
  /** Of the means against those of the other space, where both ran. */
  readonly distance?: number;
}

/** Function space beside parameter space, over sizes. */
export interface SpaceReport {
  readonly suite: 'space';
  readonly problem: string;
  readonly seed: number;
  readonly rows: readonly SpaceRow[];
}

interface Sweep {
  readonly title: string;
  readonly sizes: readonly { readonly hidden: readonly number[]; readonly n: number }[];
}

/** The two figures of the paper: time against n for p = 0.8 million, and time against p for n = 1,000, with ELU networks of five inputs. */
const SWEEPS: Readonly<Record<string, Sweep>> = {
  examples: {
    title: 'time against n, MLP 5-200-2000-200-1',
    sizes: [100, 300, 1000, 3000].map((n) => ({ hidden: [200, 2000, 200], n })),
  },
  parameters: {
    title: 'time against p, n = 1,000',
    sizes: [
      [10, 20, 10],
      [30, 100, 30],
      [100, 300, 100],
      [200, 2000, 200],
    ].map((hidden) => ({ hidden, n: 1000 })),
  },
};

/** The problems of the suite `space`. */
export const SPACE_PROBLEMS: readonly string[] = Object.keys(SWEEPS);

const INPUTS = 5;
const TEST_POINTS = 10;

/**
 * Times `adapt` and the prediction of ten points with given variances in both spaces, by whatever the plan chooses there, float32 products.
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
  const rows: SpaceRow[] = [];
  for (const { hidden, n } of sweep.sizes) {
    const problem = await spaceProblem(backend, { hidden, n }, new Rng(seed));
    const functionSpace = await timeSpace(backend, problem, 'function');
    const parameterSpace = await timeSpace(backend, problem, 'parameter');
    const distance = relativeDistance(parameterSpace.mean, functionSpace.mean);
    rows.push({ ...functionSpace.row, distance }, { ...parameterSpace.row, distance });
  }
  return { suite: 'space', problem: sweep.title, seed, rows };
}

interface SpaceProblem {
  readonly network: Network;
  readonly x: Float32Array;
  readonly y: Float64Array;
  readonly test: Float32Array;
  readonly priorVariance: number;
}

async function spaceProblem(backend: Backend, { hidden, n }: Sweep['sizes'][number], rng: Rng): Promise<SpaceProblem> {
  const network = denseNetwork({ inputs: INPUTS, hidden, outputs: 1, activation: 'elu', rng: rng.fork('weights') });
  const x = new Float32Array(rng.normals(n * INPUTS));
  const y = Float64Array.from({ length: n }, (_, i) => Math.sin(x[i * INPUTS]!) + 0.1 * rng.normal());
  const test = new Float32Array(rng.normals(TEST_POINTS * INPUTS));
  return { network, x, y, test, priorVariance: 1 / (await meanDiagonal(network, x, backend)) };
}

async function timeSpace(
  backend: Backend,
  { network, x, y, test, priorVariance }: SpaceProblem,
  space: 'function' | 'parameter',
): Promise<{ readonly row: SpaceRow; readonly mean: Prediction['mean'] }> {
  const options = {
    backend,
    space,
    dtype: 'float32',
    priorVariance,
    noise: 0.02,
    predictions: TEST_POINTS,
  } as const;
  const start = performance.now();
  using adapted = await adapt(network, { x, y }, { ...options, memory: 8 * 2 ** 30 });
  const { mean } = await adapted.predict(test);
  const milliseconds = performance.now() - start;
  const { method, seconds, sizes } = adapted.plan;
  const row = {
    n: y.length,
    p: sizes.p,
    space,
    method: `${method.solver} on ${method.holds}`,
    milliseconds,
    plannedMs: 1000 * seconds,
  };
  return { row, mean };
}

/** A report of spaces as text for a terminal. */
export function formatSpaceReport({ problem, rows }: SpaceReport): string {
  return [
    problem,
    ...rows.map(({ n, p, space, method, milliseconds, plannedMs, distance }) => {
      const size = `n = ${String(n).padEnd(6)} p = ${String(p).padEnd(8)} ${space.padEnd(9)}`;
      const apart = distance === undefined ? '' : `, means ${distance.toExponential(1)} apart`;
      return `  ${size} ${milliseconds.toFixed(0).padStart(8)} ms (planned ${plannedMs.toFixed(0)}), ${method}${apart}`;
    }),
  ].join('\n');
}
