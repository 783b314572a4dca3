import { linearize, ntkOperator, type MemoryPlan } from '@ntk/jacobian';
import { formatBytes, type Backend } from '@ntk/tensor';
import { speedProblem } from './speed-problem.ts';
import { time, type Timing } from './timing.ts';

/** Networks and budgets in GiB, ascending: the peak of a process never falls. */
export const MEMORY_PROBLEMS = ['resnet56 in 0.75', 'resnet56 in 1.5', 'resnet56 in 4'] as const;

/** What a product J Jᵀu takes of the process, beside what it was allowed. */
export interface MemoryReport {
  readonly suite: 'memory';
  readonly problem: string;
  readonly plan: Omit<MemoryPlan, 'storedWindows'> & { readonly storedWindows: number };
  /** Resident memory of the process before anything was linearised, and its peak after some products, in bytes. */
  readonly beforeBytes: number;
  readonly processBytes: number;
  readonly timing: Timing;
}

/** Linearises within a budget, multiplies by J Jᵀ, and asks the system for the peak of the process. */
export async function memorySuite(
  backend: Backend,
  name: string,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<MemoryReport> {
  const [network, gib] = name.split(' in ') as [string, string];
  const problem = speedProblem(network, seed);
  const beforeBytes = process.memoryUsage().rss;
  using l = await linearize(problem.network, problem.x, {
    backend,
    dtype: 'float32',
    memoryBytes: Math.floor(Number(gib) * 2 ** 30),
  });
  using u = backend.upload(new Float32Array(problem.rng.normals(l.n * l.c)), [1, l.n * l.c]);
  const timing = await time(
    async () => {
      using product = await ntkOperator(l).matmul(u);
      await backend.read(product);
    },
    { warmup: 1, runs: 3 },
  );
  return {
    suite: 'memory',
    problem: problem.title,
    plan: { ...l.memory, storedWindows: l.memory.storedWindows.size },
    beforeBytes,
    processBytes: process.resourceUsage().maxRSS * 1024,
    timing,
  };
}

/** A report of memory as text for a terminal. */
export function formatMemoryReport({ problem, plan, beforeBytes, processBytes, timing }: MemoryReport): string {
  const { budgetBytes, peakBytes, batchSize, keepsBatches, storedWindows, convolutions } = plan;
  const kept = keepsBatches
    ? `kept, windows of ${storedWindows} of ${convolutions} convolutions too`
    : 'linearised for each product';
  return [
    `${problem}, float32: J Jᵀu within ${formatBytes(budgetBytes)}`,
    `  planned ${formatBytes(peakBytes)}: batches of ${batchSize}, ${kept}`,
    `  process: ${formatBytes(beforeBytes)} before, ${formatBytes(processBytes)} at its peak, ${Math.round((100 * processBytes) / budgetBytes)} % of the budget`,
    `  a product takes ${timing.median.toFixed(0)} ms (processor ${timing.cpu.toFixed(0)})`,
  ].join('\n');
}
