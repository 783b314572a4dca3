import { adapt, type Prediction } from '@ntk/adapt';
import { NtkError, type Backend, type DType } from '@ntk/tensor';
import { findPython } from '../peers/find-python.ts';
import { peerPosteriors } from './posterior-peer.ts';
import { posteriorProblem, type PosteriorProblem, type PosteriorProblemName } from './posterior-problem.ts';
import { relativeDistance } from './relative-distance.ts';
import { time, type Timing } from './timing.ts';

/** One way from a network and data to means and variances. */
export interface PosteriorRow {
  readonly name: string;
  readonly milliseconds: number;
  /** Of repeated runs, where there are any. */
  readonly timing?: Timing;
  /** ‖difference‖ / ‖ours in float64‖, of the variances over those that the way solved for. */
  readonly meanError: number;
  readonly varianceError: number;
  /** Its time over that of our faster one. */
  readonly ratio: number;
  readonly note?: string;
}

/** Times of the whole way from network and data to a posterior, all from one run. */
export interface PosteriorReport {
  readonly suite: 'posterior';
  readonly problem: string;
  readonly seed: number;
  readonly rows: readonly PosteriorRow[];
  /** Why there are no peers, where there are none. */
  readonly missing?: string;
}

interface Answered extends Prediction, Pick<PosteriorRow, 'name' | 'milliseconds' | 'timing' | 'note'> {
  /** To which the variances belong; all unless given. */
  readonly rows?: Float64Array;
}

/**
 * Times `adapt` and `predict` with given variances beside the peers found on the machine. Ours is warm (Programs compiled, as in a process that lives), peers
 * are warm too (threads started); imports count for nobody.
 *
 * @throws {NtkError} if two ways disagree by more than 1 %: the times would mean nothing
 */
export async function posteriorSuite(
  backend: Backend,
  name: PosteriorProblemName,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<PosteriorReport> {
  const problem = await posteriorProblem(backend, name, seed);
  const exact = await timeAdapt(backend, problem, 'float64');
  const single = await timeAdapt(backend, problem, 'float32');
  const found = findPython();
  const peers = 'missing' in found ? [] : await peerPosteriors(found.python, problem, name);
  const fastest = Math.min(exact.milliseconds, single.milliseconds);
  const rows = [exact, single, ...peers].map(({ mean, variance, rows: solved, ...row }: Answered) => ({
    ...row,
    meanError: relativeDistance(mean, exact.mean),
    varianceError: relativeDistance(
      variance,
      solved === undefined ? exact.variance : solved.map((i) => exact.variance[i]!),
    ),
    ratio: row.milliseconds / fastest,
  }));
  rows.forEach(checkAgreement);
  const title = `${problem.title}, mean and ${problem.m * problem.c} variances`;
  return { suite: 'posterior', problem: title, seed, rows, ...('missing' in found ? found : {}) };
}

async function timeAdapt(backend: Backend, problem: PosteriorProblem, dtype: DType): Promise<Answered> {
  const { network, x, y, test, priorVariance, noiseVariance: noise, repetition } = problem;
  let answer: Prediction | undefined;
  const work = async (): Promise<void> => {
    using adapted = await adapt(network, { x, y }, { backend, dtype, priorVariance, noise, space: 'function' });
    answer = await adapted.predict(test);
  };
  const timing = await time(work, repetition);
  return { name: `ours, ${dtype} products`, milliseconds: timing.median, timing, ...answer! };
}

const AGREEMENT = 1e-2;

function checkAgreement({ name, meanError, varianceError }: PosteriorRow): void {
  if (meanError < AGREEMENT && varianceError < AGREEMENT) return;
  throw new NtkError(
    `posterior: ${name} is off by ${meanError} in the means and ${varianceError} in the variances, expected at most ${AGREEMENT}; the times mean nothing`,
  );
}

/** A report of posteriors as text for a terminal. */
export function formatPosteriorReport({ problem, rows, missing }: PosteriorReport): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [
    problem,
    ...rows.map(({ name, milliseconds, ratio, meanError, varianceError, note }) => {
      const errors = `errors ${meanError.toExponential(1)} of means, ${varianceError.toExponential(1)} of variances`;
      const time = `${milliseconds.toFixed(0).padStart(9)} ms, ${ratio.toFixed(1).padStart(7)} times`;
      return `  ${name.padEnd(width)} ${time}; ${errors}${note === undefined ? '' : `; ${note}`}`;
    }),
    ...(missing === undefined ? [] : [`  no peers: ${missing}`]),
  ].join('\n');
}
