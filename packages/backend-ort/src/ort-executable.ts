import { OwnershipError, type Backend, type DType, type Executable, type Program } from '@ntk/tensor';
import type { CompiledProgram } from './compiled-program.ts';
import type { Lease } from './lease-cache.ts';

/** A hold on a compiled Program of this backend. */
export class OrtExecutable implements Executable {
  readonly program: Program;
  readonly dtype: DType;
  readonly backend: Backend;
  #lease: Lease<CompiledProgram> | undefined;
  /** Runs under way: the compiled form outlives a `dispose` until the last has ended. */
  #running = 0;
  #isDisposed = false;

  constructor(backend: Backend, program: Program, dtype: DType, lease: Lease<CompiledProgram>) {
    this.backend = backend;
    this.program = program;
    this.dtype = dtype;
    this.#lease = lease;
  }

  /** @throws {OwnershipError} after `dispose` */
  async use<R>(action: (compiled: CompiledProgram) => Promise<R>): Promise<R> {
    if (this.#isDisposed || this.#lease === undefined) {
      throw new OwnershipError(
        `${this.backend.name}: the executable of ${this.program.name} was run after it was disposed`,
      );
    }
    this.#running++;
    try {
      return await action(this.#lease.value);
    } finally {
      this.#running--;
      this.#releaseIfDone();
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#releaseIfDone();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #releaseIfDone(): void {
    if (!this.#isDisposed || this.#running > 0) return;
    this.#lease?.release();
    this.#lease = undefined;
  }
}
