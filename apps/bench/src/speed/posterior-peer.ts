import { bestWaitPolicy } from '../peers/best-wait-policy.ts';
import { mlpProblem } from '../peers/mlp-problem.ts';
import { runPeer, type PeerProblem } from '../peers/run-peer.ts';
import { POSTERIOR_PROBLEMS, type PosteriorProblem, type PosteriorProblemName } from './posterior-problem.ts';

/** Means and variances of one way, and its time in milliseconds. */
export interface PeerPosterior {
  readonly name: string;
  readonly milliseconds: number;
  readonly mean: Float64Array;
  /** Of some rows only, where the way is too slow for all. */
  readonly variance: Float64Array;
  /** The rows that these variances belong to. */
  readonly rows: Float64Array;
  /** What a reader must know about the time. */
  readonly note?: string;
}

/**
 * The posterior by PyTorch in float64 with an explicit Jacobian, and in the way of the released code with conjugate gradients to the tolerances of the problem,
 * each with the setting of threads that is best for a piece of its work.
 */
export async function peerPosteriors(
  python: string,
  problem: PosteriorProblem,
  name: PosteriorProblemName,
): Promise<PeerPosterior[]> {
  const exchange = peerProblem(problem, name);
  const explicit = await ask(exchange, python, { way: 'explicit', piece: 'piece' });
  const reference = await ask(exchange, python, { way: 'reference', piece: 'product' });
  const { meanRtol, varianceRtol, columns, referenceDtype } = POSTERIOR_PROBLEMS[name];
  const { steps, columnSteps } = reference.report;
  const note =
    `CG to ${meanRtol.toExponential()} for the mean (${String(steps)} steps), ${varianceRtol.toExponential()} for a variance (${Number(columnSteps).toFixed(1)}); ` +
    `${columns} of ${problem.m * problem.c} variances timed, spread evenly`;
  return [
    { ...explicit.answer, name: 'PyTorch float64, explicit Jacobian' },
    { ...reference.answer, name: `the released code's way, ${referenceDtype}`, note },
  ];
}

interface Asked {
  readonly answer: Omit<PeerPosterior, 'name' | 'note'>;
  readonly report: Readonly<Record<string, unknown>>;
}

async function ask(
  exchange: PeerProblem,
  python: string,
  { way, piece }: { readonly way: string; readonly piece: string },
): Promise<Asked> {
  const options = { python, script: 'posterior.py' };
  const waitPolicy = await bestWaitPolicy(exchange, { ...options, arguments: [piece] });
  const peer = await runPeer(exchange, { ...options, arguments: [way], waitPolicy });
  try {
    const answer = {
      milliseconds: Number(peer.report['totalMs']),
      mean: await peer.array('mean'),
      variance: await peer.array('variance'),
      rows: await peer.array('rows'),
    };
    return { answer, report: peer.report };
  } finally {
    await peer.dispose();
  }
}

function peerProblem(problem: PosteriorProblem, name: PosteriorProblemName): PeerProblem {
  const { x, y, test, n, m, c } = problem;
  const { columns, referenceDtype, meanRtol, varianceRtol, runs } = POSTERIOR_PROBLEMS[name];
  return mlpProblem(
    { ...problem, activation: 'tanh' },
    {
      arrays: {
        x: { shape: [n, x.length / n], data: x },
        y: { shape: [n, c], data: y },
        test: { shape: [m, x.length / n], data: test },
      },
      settings: { columns, referenceDtype, meanRtol, varianceRtol, runs },
    },
  );
}
