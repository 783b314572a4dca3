import type { Backend, DType, Executable, Program, Tensor } from '@ntk/tensor';

/**
 * The executables of one operator: Programs have static shapes, so each block size k gets its own, compiled when first used.
 */
export class BlockPrograms {
  readonly #backend: Backend;
  readonly #dtype: DType;
  readonly #build: (k: number) => Program;
  readonly #executables = new Map<number, Executable>();

  /** @param build - makes the Program for k vectors, with one output */
  constructor(backend: Backend, dtype: DType, build: (k: number) => Program) {
    this.#backend = backend;
    this.#dtype = dtype;
    this.#build = build;
  }

  /**
   * Runs the Program for k vectors.
   *
   * @param inputs - in the order of the Program; borrowed
   * @returns its output; the caller disposes it
   */
  async run(k: number, inputs: readonly Tensor[]): Promise<Tensor> {
    const executable = this.#executables.get(k) ?? (await this.#compile(k));
    const [output] = await this.#backend.run(executable, inputs);
    return output!;
  }

  /** Releases the executables; later runs compile again. */
  dispose(): void {
    for (const executable of this.#executables.values()) executable.dispose();
    this.#executables.clear();
  }

  async #compile(k: number): Promise<Executable> {
    const executable = await this.#backend.compile(this.#build(k), { dtype: this.#dtype });
    // Two first products of one size may be in flight at once: the first to finish is kept.
    const kept = this.#executables.get(k);
    if (kept !== undefined) {
      executable.dispose();
      return kept;
    }
    this.#executables.set(k, executable);
    return executable;
  }
}
