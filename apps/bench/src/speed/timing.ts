/** Times of repeated runs of one piece of work, in milliseconds. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median of the processor time, all threads together: what others on the machine disturb least. */
  readonly cpu: number;
  readonly runs: number;
}

/** How often work is repeated. */
export interface Repetition {
  readonly warmup?: number;
  readonly runs?: number;
}

/**
 * Times work that ends when its results are on the host.
 *
 * @param work - run `warmup` times (3) uncounted, then `runs` times (15)
 */
export async function time(work: () => Promise<void>, { warmup = 3, runs = 15 }: Repetition = {}): Promise<Timing> {
  for (let i = 0; i < warmup; i++) await work();
  const times: number[] = [];
  const processor: number[] = [];
  for (let i = 0; i < runs; i++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    await work();
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1e3);
  }
  times.sort((a, b) => a - b);
  processor.sort((a, b) => a - b);
  return { median: times[runs >> 1]!, min: times[0]!, max: times.at(-1)!, cpu: processor[runs >> 1]!, runs };
}
