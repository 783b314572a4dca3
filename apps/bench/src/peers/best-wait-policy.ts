import { runPeer, type PeerOptions, type PeerProblem, type WaitPolicy } from './run-peer.ts';

/**
 * The setting of threads with which a peer does a piece of its work faster, to use for the whole.
 *
 * @param options - those of the piece, whose report must have its time as `totalMs`
 */
export async function bestWaitPolicy(
  problem: PeerProblem,
  options: Omit<PeerOptions, 'waitPolicy'>,
): Promise<WaitPolicy> {
  const milliseconds = async (waitPolicy: WaitPolicy): Promise<number> => {
    const answer = await runPeer(problem, { ...options, waitPolicy });
    await answer.dispose();
    return Number(answer.report['totalMs']);
  };
  return (await milliseconds('passive')) < (await milliseconds('default')) ? 'passive' : 'default';
}
