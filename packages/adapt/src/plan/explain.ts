import { alignColumns, formatBytes, formatSeconds } from '@ntk/tensor';
import type { Candidate } from './candidates.ts';
import { describeMethod } from './method.ts';
import type { Plan } from './plan.ts';
import { describeSizes } from './sizes.ts';

/** A plan as lines of text: sizes, and every candidate with time, memory and why it is not the one. */
export function explain({ sizes, backend, memory, candidates }: Plan): string[] {
  const rows = [...candidates]
    .sort((a, b) => rank(a) - rank(b) || a.seconds - b.seconds)
    .map((candidate) => [
      candidate.verdict === 'chosen' ? '→' : ' ',
      `${describeMethod(candidate.method)}, ${candidate.method.dtype}`,
      formatSeconds(candidate.seconds),
      formatBytes(candidate.bytes),
      candidate.verdict,
    ]);
  return [
    `${describeSizes(sizes)}; at most ${formatBytes(memory)} on ${backend}`,
    ...alignColumns([['', 'method', 'time', 'memory', ''], ...rows], [2, 3]),
  ];
}

function rank({ verdict }: Candidate): number {
  return verdict === 'chosen' ? 0 : verdict === 'too large' ? 2 : 1;
}
