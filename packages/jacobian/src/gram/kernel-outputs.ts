/**
 * What a kernel keeps of the c outputs. `full`: the covariances between all of them. `independent`: those within each output, a kernel each.
 * `shared`: the average of these, one kernel for all.
 */
export type KernelOutputs = 'full' | 'independent' | 'shared';

/** How kernels lie in memory: how many matrices there are, and how many rows of each belong to an example. */
export interface KernelLayout {
  readonly count: number;
  readonly rowsPerExample: number;
}

/** The layout of the kernels of c outputs. */
export function layoutOf(outputs: KernelOutputs, c: number): KernelLayout {
  if (outputs === 'full') return { count: 1, rowsPerExample: c };
  return { count: outputs === 'independent' ? c : 1, rowsPerExample: 1 };
}
