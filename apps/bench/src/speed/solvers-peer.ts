import { bestWaitPolicy } from '../peers/best-wait-policy.ts';
import { mlpProblem } from '../peers/mlp-problem.ts';
import { runPeer } from '../peers/run-peer.ts';
import type { KernelSource } from './solver-problem.ts';

/** What the released code's way found. */
export interface PeerSolution {
  /** For all right-hand sides. */
  readonly milliseconds: number;
  readonly steps: number;
  /** Of the first right-hand sides, [columns, N]. */
  readonly solution: Float64Array;
  readonly columns: number;
}

/** Right-hand sides and how far to solve for them. */
export interface PeerSystem {
  /** [k, N] */
  readonly b: Float64Array;
  readonly k: number;
  readonly noiseVariance: number;
  readonly rtol: number;
}

/** Right-hand sides that are solved for; the time of the others is scaled from them. */
const COLUMNS = 2;

/** Conjugate gradients in the released code's way, in float64, with the setting of threads that is best for one product. */
export async function solveByPeer(
  python: string,
  { x, n, ...source }: KernelSource,
  { b, k, noiseVariance, rtol }: PeerSystem,
): Promise<PeerSolution> {
  const problem = mlpProblem(
    { ...source, activation: 'tanh', noiseVariance },
    {
      arrays: { x: { shape: [n, x.length / n], data: x }, b: { shape: [k, b.length / k], data: b } },
      settings: { rtol, columns: COLUMNS, dtype: 'float64' },
    },
  );
  const options = { python, script: 'solvers.py' };
  const waitPolicy = await bestWaitPolicy(problem, { ...options, arguments: ['product'] });
  const answer = await runPeer(problem, { ...options, arguments: ['solve'], waitPolicy });
  try {
    return {
      milliseconds: Number(answer.report['totalMs']),
      steps: Number(answer.report['steps']),
      solution: await answer.array('solution'),
      columns: COLUMNS,
    };
  } finally {
    await answer.dispose();
  }
}
