import { mlpProblem } from '../peers/mlp-problem.ts';
import { runPeer } from '../peers/run-peer.ts';
import type { SpaceProblem } from './space-problem.ts';

/** What the released code's way found in one space. */
export interface PeerMean {
  readonly milliseconds: number;
  readonly steps: number;
  readonly mean: Float64Array;
}

/** Relative residuals at which its conjugate gradients stop, for errors of the means of 1e-3 or so. */
const RTOL = { function: 1e-3, parameter: 1e-5 } as const;

/** Step of the finite difference along unit vectors: in float64 the error of a product is then 1e-4 or so of it. */
const EPSILON = 1e-4;

/** How long a size may take before it is given up. */
const MAX_SECONDS = 10;

/** What is said of one that is given up. */
export const GIVEN_UP: string = `not converged after ${MAX_SECONDS} s`;

/**
 * The mean at the test points by conjugate gradients in the released code's way, in float64.
 *
 * @returns undefined if it was given up
 */
export async function meanByPeer(
  python: string,
  { x, y, test, inputs, ...source }: SpaceProblem,
  space: 'function' | 'parameter',
): Promise<PeerMean | undefined> {
  const problem = mlpProblem(
    { ...source, activation: 'elu' },
    {
      arrays: {
        x: { shape: [x.length / inputs, inputs], data: x },
        y: { shape: [y.length, 1], data: y },
        test: { shape: [test.length / inputs, inputs], data: test },
      },
      settings: { rtol: RTOL[space], epsilon: EPSILON, maxSeconds: MAX_SECONDS, dtype: 'float64' },
    },
  );
  const answer = await runPeer(problem, { python, script: 'space.py', arguments: [space], waitPolicy: 'passive' });
  try {
    if (answer.report['isFinished'] !== true) return undefined;
    const { totalMs, steps } = answer.report;
    return { milliseconds: Number(totalMs), steps: Number(steps), mean: await answer.array('mean') };
  } finally {
    await answer.dispose();
  }
}
