import { kernelMatrix, linearize } from '@ntk/jacobian';
import type { Matrix } from '@ntk/linop';
import { NtkError, formatBytes, outputCount, type Backend, type Network, type TypedArray } from '@ntk/tensor';
import { bestWaitPolicy } from '../peers/best-wait-policy.ts';
import { mlpProblem } from '../peers/mlp-problem.ts';
import { runPeer, type PeerProblem, type WaitPolicy } from '../peers/run-peer.ts';
import { relativeDistance } from './relative-distance.ts';
import { time, type Timing } from './timing.ts';

/** The kernel by a peer, or why it was not asked. */
export type GramPeerRow =
  | {
      readonly name: string;
      /** Until the whole kernel is known. */
      readonly peerMs: number;
      /** How its idle threads waited: the faster way on a piece of the work. */
      readonly waitPolicy: WaitPolicy;
      /** Ours just before. */
      readonly oursMs: number;
      /** Of the columns that it computed from ours, ‖difference‖ / ‖ours‖. */
      readonly distance: number;
      /** What a reader must know about the time. */
      readonly note?: string;
    }
  | { readonly name: string; readonly notRun: string };

/** A perceptron and its inputs. */
export interface GramSource {
  readonly network: Network;
  /** [n, inputs] */
  readonly x: TypedArray;
  readonly n: number;
}

/** Above this J Jᵀ of float32 takes PyTorch minutes, and half of the memory of a small machine. */
const LARGEST_JACOBIAN_BYTES = 6 * 2 ** 30;

/** Columns that the released code's way computes; the time of the others is scaled from them. */
const COLUMNS = 20;

/** Two ways in float32 are 1e-6 apart or so. */
const AGREEMENT = 1e-5;

/**
 * The kernel of a perceptron by PyTorch in float32, with an explicit Jacobian and in the way of the released code, beside ours from network and inputs to the
 * kernel on the host, linearization included. Both sides are warm.
 *
 * @throws {NtkError} if a peer disagrees: its time would mean nothing
 */
export async function gramPeers(backend: Backend, python: string, source: GramSource): Promise<GramPeerRow[]> {
  const exchange = peerProblem(source);
  const explicit = { name: 'PyTorch, explicit Jacobian', way: 'explicit', piece: 'piece' };
  const reference = { name: `the released code's way`, way: 'reference', piece: 'product' };
  const refusal = jacobianRefusal(source);
  return [
    refusal === undefined
      ? await compare(backend, python, source, exchange, explicit)
      : { name: explicit.name, notRun: refusal },
    {
      ...(await compare(backend, python, source, exchange, reference)),
      note: `${COLUMNS} of ${rowsOf(source)} columns timed, spread evenly, and scaled to all`,
    },
  ];
}

/** Why the explicit Jacobian is not asked for; undefined if it is. */
export function jacobianRefusal(source: GramSource): string | undefined {
  const p = source.network.values.reduce((sum, { length }) => sum + length, 0);
  const bytes = Float32Array.BYTES_PER_ELEMENT * rowsOf(source) * p;
  if (bytes <= LARGEST_JACOBIAN_BYTES) return undefined;
  return `the Jacobian would take ${formatBytes(bytes)}, at most ${formatBytes(LARGEST_JACOBIAN_BYTES)} are tried`;
}

function rowsOf({ network, n }: GramSource): number {
  return n * outputCount(network);
}

async function compare(
  backend: Backend,
  python: string,
  source: GramSource,
  exchange: PeerProblem,
  { name, way, piece }: { readonly name: string; readonly way: string; readonly piece: string },
): Promise<Extract<GramPeerRow, { peerMs: number }>> {
  const options = { python, script: 'gram.py' };
  const waitPolicy = await bestWaitPolicy(exchange, { ...options, arguments: [piece] });
  const ours = await timeOurs(backend, source);
  const peer = await runPeer(exchange, { ...options, arguments: [way], waitPolicy });
  try {
    const distance = relativeDistance(await peer.array('kernel'), columnsOf(ours.kernel, await peer.array('rows')));
    if (!(distance <= AGREEMENT))
      throw new NtkError(
        `gram: ${name} is ${distance} from ours, expected at most ${AGREEMENT}; the times mean nothing`,
      );
    return { name, peerMs: Number(peer.report['totalMs']), waitPolicy, oursMs: ours.timing.median, distance };
  } finally {
    await peer.dispose();
  }
}

async function timeOurs(
  backend: Backend,
  { network, x, n }: GramSource,
): Promise<{ readonly timing: Timing; readonly kernel: Matrix }> {
  let kernel: Matrix | undefined;
  const work = async (): Promise<void> => {
    using l = await linearize(network, x, { backend, dtype: 'float32' });
    kernel = await kernelMatrix(l);
  };
  const timing = await time(work, { warmup: 1, runs: n > 4000 ? 3 : 7 });
  return { timing, kernel: kernel! };
}

/** Some columns of a symmetric matrix, one after the other. */
function columnsOf({ data, columns }: Matrix, chosen: Float64Array): Float64Array {
  const picked = new Float64Array(chosen.length * columns);
  chosen.forEach((row, i) => picked.set(data.subarray(row * columns, (row + 1) * columns), i * columns));
  return picked;
}

function peerProblem({ network, x, n }: GramSource): PeerProblem {
  return mlpProblem(
    { network, activation: 'tanh', priorVariance: 1, noiseVariance: 0 },
    {
      arrays: { x: { shape: [n, x.length / n], data: x } },
      // The slower of its ways takes a minute for the larger ones.
      settings: { columns: COLUMNS, runs: n <= 500 ? 3 : 1 },
    },
  );
}

/** A row as text for a terminal. */
export function formatGramPeer(row: GramPeerRow): string {
  const name = `  ${row.name.padEnd(28)}`;
  if ('notRun' in row) return `${name}not run: ${row.notRun}`;
  const { peerMs, waitPolicy, oursMs, distance, note } = row;
  const times = `${peerMs.toFixed(0)} ms (threads wait: ${waitPolicy}), ours with linearization ${oursMs.toFixed(1)}: ${(peerMs / oursMs).toFixed(1)} times`;
  return `${name}${times}, ${distance.toExponential(1)} apart${note === undefined ? '' : `; ${note}`}`;
}
