import { cholesky, matrix, syrk, tryCholeskyOn, type Matrix } from '@ntk/linop';
import { NtkError, OptionError, Rng, type Backend } from '@ntk/tensor';
import { findPython } from '../peers/find-python.ts';
import { runPeer } from '../peers/run-peer.ts';
import { relativeDistance } from './relative-distance.ts';
import { time, type Timing } from './timing.ts';

/** LAPACK beside ours of the same minutes. */
export interface LapackRow {
  readonly library: string;
  readonly threads: number;
  /** Medians in milliseconds, of wall and of processor time. */
  readonly peerMs: number;
  readonly peerCpuMs: number;
  readonly ours: Timing;
  /** Its factor against ours, ‖difference‖ / ‖ours‖. */
  readonly distance: number;
}

/** Times of Cholesky factorisations in float64. */
export interface CholeskyReport {
  readonly suite: 'cholesky';
  readonly n: number;
  /** On the host, in plain TypeScript. */
  readonly host: Timing;
  /** By products of the backend. */
  readonly onBackend: Timing;
  readonly peers: readonly LapackRow[];
  /** Why there are no peers. */
  readonly missing?: string;
}

/** The sizes of the suite, as names of problems. */
export const CHOLESKY_SIZES = ['500', '1000', '2000', '4000'] as const;

/** Runs that don't count: by then the engine has compiled the host's part. */
const WARMUP = 8;

/**
 * Cholesky factorisations of a well-conditioned matrix: on the host, by products of a backend, and by LAPACK where Python has it. Copying the matrix counts;
 * ours is timed anew before each library and number of threads.
 *
 * @param name - n
 * @throws {NtkError} if a factor is wrong: its time would mean nothing
 */
export async function choleskySuite(
  backend: Backend,
  name: string,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<CholeskyReport> {
  const n = Number(name);
  if (!Number.isInteger(n) || n < 1) throw new OptionError(`choleskySuite: got '${name}', expected a positive integer`);
  const factors = matrix(n, n + 10, Float64Array.from(new Rng(seed).normals(n * (n + 10))));
  const a = syrk(factors, { alpha: 1 / n });
  const expected = cholesky(a).factor;
  const actual = await factorOn(backend, a);
  const error = relativeDistance(actual.data, expected.data);
  if (!(error < 1e-12))
    throw new NtkError(`cholesky: the factor is off by ${error}, expected at most 1e-12; the times mean nothing`);
  const host = await time(async () => void cholesky(a), { warmup: 1, runs: 3 });
  const timeOurs = (): Promise<Timing> =>
    time(async () => void (await factorOn(backend, a)), { warmup: WARMUP, runs: 9 });
  const report = { suite: 'cholesky', n, host, onBackend: await timeOurs() } as const;
  const found = findPython();
  if ('missing' in found) return { ...report, peers: [], missing: found.missing };
  const peers: LapackRow[] = [];
  for (const threads of [1, 2]) {
    const ours = await timeOurs();
    const problem = { arrays: { a: { shape: [n, n], data: a.data } }, settings: { runs: 9 } };
    const options = { python: found.python, script: 'cholesky.py', arguments: [String(threads)] };
    const answer = await runPeer(problem, options);
    try {
      const distance = relativeDistance(await answer.array('l'), expected.data);
      const times = answer.report['times'] as Readonly<Record<string, readonly [wall: number, cpu: number]>>;
      for (const [library, [peerMs, peerCpuMs]] of Object.entries(times)) {
        peers.push({ library, threads, peerMs, peerCpuMs, ours, distance });
      }
    } finally {
      await answer.dispose();
    }
  }
  return { ...report, peers };
}

async function factorOn(backend: Backend, a: Matrix): Promise<Matrix> {
  const result = await tryCholeskyOn(backend, a);
  if (result.status !== 'converged') throw new NtkError(`cholesky: ${result.message}`);
  return result.factor;
}

/** A report as text for a terminal; the last line compares the best times of both sides. */
export function formatCholeskyReport({ n, host, onBackend, peers, missing }: CholeskyReport): string {
  const show = ({ median, min, cpu }: Timing): string =>
    `${median.toFixed(1)} ms (least ${min.toFixed(1)}, processor ${cpu.toFixed(0)})`;
  const rows = peers.map(({ library, threads, peerMs, peerCpuMs, ours, distance }) => {
    const ratio = `${(ours.median / peerMs).toFixed(2)} (processor ${(ours.cpu / peerCpuMs).toFixed(2)})`;
    return `  ${library}, ${threads} threads: ${peerMs.toFixed(1)} ms (processor ${peerCpuMs.toFixed(0)}), ours ${show(ours)}: ${ratio} times, factors ${distance.toExponential(1)} apart`;
  });
  const best = peers.reduce((least, { peerMs }) => Math.min(least, peerMs), Infinity);
  const ours = Math.min(onBackend.median, ...peers.map(({ ours: timing }) => timing.median));
  return [
    `Cholesky, n = ${n}, float64`,
    `  host, TypeScript: ${show(host)}`,
    `  products of the backend: ${show(onBackend)}`,
    ...rows,
    missing === undefined
      ? `  best median of ours over best of LAPACK: ${(ours / best).toFixed(2)}`
      : `  no peers: ${missing}`,
  ].join('\n');
}
