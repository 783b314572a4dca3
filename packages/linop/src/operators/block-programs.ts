import type { Backend, DType, Executable, Program, Tensor } from '@ntk/tensor';

/**
 * The executables of one operator: Programs have static shapes, so each block size k gets its own, compiled when first used.
 */
export class BlockPrograms {
  readonly #backend: Backend;
  readonly #dtype: DType;
  readonly #build: (k: number) => Program;
  readonly #executables = new Map<number, Promise<Executable>>();

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
    let compiled = this.#executables.get(k);
    if (compiled === undefined) {
      compiled = this.#backend.compile(this.#build(k), { dtype: this.#dtype });
      this.#executables.set(k, compiled);
    }
    const [output] = await this.#backend.run(await compiled, inputs);
    return output!;
  }

  /** Releases the executables; later runs compile again. */
  dispose(): void {
    for (const compiled of this.#executables.values()) {
      compiled.then(
        (executable) => executable.dispose(),
        () => undefined, // whoever awaited it was told
      );
    }
    this.#executables.clear();
  }
}
