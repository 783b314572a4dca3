import { alignColumns, formatBytes, formatSeconds } from '@ntk/tensor';
import { EVIDENCE_ROWS, KRYLOV } from '../fit/evidence-size.ts';
import { evidenceSource } from '../fit/evidence-source.ts';
import type { Candidate } from './candidates.ts';
import { describeMethod } from './method.ts';
import type { Plan } from './plan.ts';
import { describeSizes } from './sizes.ts';

/** A plan as lines of text: sizes, and every candidate with time, memory and why it is not the one. */
export function explain(plan: Plan): string[] {
  const { sizes, backend, memory, candidates } = plan;
  const rows = [...candidates]
    .sort((a, b) => rank(a) - rank(b) || a.seconds - b.seconds)
    .map((candidate) => [
      candidate.verdict === 'chosen' ? '→' : ' ',
      describeMethod(candidate.method),
      formatSeconds(candidate.seconds),
      formatBytes(candidate.bytes),
      candidate.verdict,
    ]);
  return [
    `${describeSizes(sizes)}; at most ${formatBytes(memory)} on ${backend}`,
    ...learningOf(plan),
    ...alignColumns([['', 'method', 'time', 'memory', ''], ...rows], [2, 3]),
  ];
}

/** Where the variances are learned from, where it is not the kernel of all rows. */
function learningOf(plan: Plan): string[] {
  const { n, c, p } = plan.sizes;
  const rows = n * c;
  switch (evidenceSource(plan)) {
    case 'products':
      return [`variances are learned from all ${rows} rows by one Krylov run with ${KRYLOV.probes} random vectors`];
    case 'sample':
      return [`variances are learned from a sample of the ${rows} rows`];
    case 'parameters':
      // A plan doesn't know whether the noise has one variance or one for each output, whose evidence takes many factorisations.
      return plan.learnsOn === 'sample' && rows > EVIDENCE_ROWS
        ? [
            `variances are learned from all ${rows} rows, exactly, by the ${p} parameters; a noise variance for each output from a sample`,
          ]
        : [];
    case 'kernel':
    case undefined:
      return [];
  }
}

function rank({ verdict }: Candidate): number {
  return verdict === 'chosen' ? 0 : verdict === 'too large' ? 2 : 1;
}
