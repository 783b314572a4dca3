import { findPython } from '../peers/find-python.ts';
import { runPeer, type PeerProblem } from '../peers/run-peer.ts';
import { relativeDistance } from './relative-distance.ts';
import type { SpeedProblem } from './speed-problem.ts';
import type { Timing } from './timing.ts';

/** The single products that peers are asked for. */
export const PEER_PRODUCTS = ['jv', 'jtu', 'jjtu', 'ggn'] as const;
/** One of them. */
export type PeerProduct = (typeof PEER_PRODUCTS)[number];

/** Ways in which PyTorch forms products; tooling/peers/products.py says what they are. */
const WAYS = ['forward', 'graph', 'reference'] as const;

/** One product in one way of a peer, beside ours of the same minutes. */
export interface PeerRow {
  readonly way: (typeof WAYS)[number];
  /** How idle threads of the peer waited. */
  readonly waitPolicy: 'passive' | 'default';
  readonly product: PeerProduct;
  /** Medians in milliseconds, of wall and of processor time. */
  readonly peerMs: number;
  readonly peerCpuMs: number;
  readonly oursMs: number;
  readonly oursCpuMs: number;
  /** Its answer against ours, ‖difference‖ / ‖ours‖. */
  readonly distance: number;
}

/** Our side of the comparison. */
export interface OurProducts {
  readonly vectors: { readonly u: Float32Array; readonly v: Float32Array };
  readonly answers: Readonly<Record<PeerProduct, Float32Array>>;
  /** Times a product anew. */
  readonly time: (product: PeerProduct) => Promise<Timing>;
}

/** What the peers did, or why there are none. */
export type PeerComparison =
  | { readonly rows: readonly PeerRow[]; readonly versions: Readonly<Record<string, string>> }
  | { readonly missing: string };

/**
 * Times PyTorch on the same weights, inputs and vectors, in each of its ways and with both ways of waiting; ours is timed anew before each, so that both
 * meet the machine in the same state.
 */
export async function comparePeer(problem: SpeedProblem, ours: OurProducts, runs: number): Promise<PeerComparison> {
  const found = findPython();
  if ('missing' in found) return found;
  const rows: PeerRow[] = [];
  for (const way of WAYS) {
    for (const waitPolicy of ['default', 'passive'] as const) {
      const timings: Record<PeerProduct, Timing> = {
        jv: await ours.time('jv'),
        jtu: await ours.time('jtu'),
        jjtu: await ours.time('jjtu'),
        ggn: await ours.time('ggn'),
      };
      const options = { python: found.python, script: 'products.py', arguments: [way], waitPolicy };
      const answer = await runPeer(peerProblem(problem, ours, runs), options);
      try {
        const times = answer.report['times'] as Readonly<Record<PeerProduct, readonly [wall: number, cpu: number]>>;
        for (const product of PEER_PRODUCTS) {
          rows.push({
            way,
            waitPolicy,
            product,
            peerMs: times[product][0],
            peerCpuMs: times[product][1],
            oursMs: timings[product].median,
            oursCpuMs: timings[product].cpu,
            distance: relativeDistance(await answer.array(product), ours.answers[product]),
          });
        }
      } finally {
        await answer.dispose();
      }
    }
  }
  return { rows, versions: found.versions };
}

function peerProblem(
  { network, x, n, kind, noiseVariance }: SpeedProblem,
  { vectors }: OurProducts,
  runs: number,
): PeerProblem {
  const { parameters, values, program } = network;
  const parameterArrays = parameters.map(({ shape }, i) => [`parameter${i}`, { shape, data: values[i]! }] as const);
  return {
    arrays: {
      x: { shape: program.inputs[0]!.shape.with(0, n), data: x },
      u: { shape: [vectors.u.length], data: vectors.u },
      v: { shape: [vectors.v.length], data: vectors.v },
      ...Object.fromEntries(parameterArrays),
    },
    settings: {
      kind,
      names: parameters.map(({ name }) => name),
      trainable: parameters.map(({ trainable }) => trainable),
      noiseVariance,
      epsilon: 1e-5,
      threads: 2,
      runs,
    },
  };
}
