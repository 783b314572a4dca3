import type { Candidate, PlanRequest } from './candidates.ts';
import { describeMethod } from './method.ts';
import type { Plan } from './plan.ts';
import type { PlanProblem, Sizes } from './sizes.ts';

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
  const table = [['', 'method', 'time', 'memory', ''], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return [
    `${describeSizes(sizes)}; at most ${formatBytes(memory)} on ${backend}`,
    ...table.map((row) =>
      row
        .map((cell, column) => align(cell, widths[column]!, column))
        .join('  ')
        .trimEnd(),
    ),
  ];
}

/** Why nothing fits, and what would make it fit. */
export function refusal(problem: PlanProblem, request: PlanRequest, candidates: readonly Candidate[]): string {
  if (candidates.length === 0) {
    const { space, solver, layout, solverBackend } = request;
    const isPrecise = solverBackend === undefined || solverBackend.supports.float64;
    const reason = isPrecise ? '' : `; the solver backend ${solverBackend.name} has no float64, which Cholesky needs`;
    return `plan: got space ${space}, solver ${solver} and outputs ${layout}, for which there is no method; outputs independent and shared need function space and Cholesky, LSMR parameter space${reason}`;
  }
  const least = candidates.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  const remedies = [
    `a memory limit of ${formatBytes(Math.ceil(least.bytes / 2 ** 26) * 2 ** 26)}`,
    ...(request.space === 'auto' && request.solver === 'auto' ? [] : ['space auto and solver auto']),
    ...(request.layout === 'full' ? [] : ['outputs full']),
    'fewer layers (last, or top:K)',
    'fewer rows',
  ];
  return `plan: ${describeSizes(problem)} do not fit in ${formatBytes(request.memory)}: the smallest method (${describeMethod(least.method)}, ${least.method.dtype}) needs ${formatBytes(least.bytes)}; use ${remedies.join(', or ')}`;
}

function describeSizes({ n, c, p, m }: Sizes): string {
  return `${n} examples with ${c} output${c === 1 ? '' : 's'}, ${p} parameters, ${m} examples to predict`;
}

/** Bytes as people read them. */
export function formatBytes(bytes: number): string {
  const gibibytes = bytes / 2 ** 30;
  if (gibibytes >= 1) return `${Number(gibibytes.toPrecision(3))} GiB`;
  return `${Math.max(1, Math.round(bytes / 2 ** 20))} MiB`;
}

/** Seconds as people read them. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(1000 * seconds))} ms`;
  if (seconds < 120) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(3))} h`;
}

function rank({ verdict }: Candidate): number {
  return verdict === 'chosen' ? 0 : verdict === 'too large' ? 2 : 1;
}

function align(cell: string, width: number, column: number): string {
  return column === 2 || column === 3 ? cell.padStart(width) : cell.padEnd(width);
}
