import { OwnershipError, type Backend, type DType, type Executable, type Program, type Value } from '@ntk/tensor';
import { makePlan, runPlan, type Plan } from './plan.ts';
import type { NativeTensor, TfjsModule } from './tfjs-module.ts';

/** A plan and the tensors of its constants. */
export class TfjsExecutable implements Executable {
  readonly program: Program;
  readonly dtype: DType = 'float32';
  readonly backend: Backend;
  readonly #tf: TfjsModule;
  readonly #plan: Plan;
  readonly #constants: Map<Value, NativeTensor>;
  #isDisposed = false;

  /** @throws {UnsupportedError} for a primitive that this version does not know */
  constructor(backend: Backend, tf: TfjsModule, program: Program) {
    this.backend = backend;
    this.program = program;
    this.#tf = tf;
    this.#plan = makePlan(program, backend.name);
    this.#constants = new Map(
      this.#plan.constants.map(({ value, values }) => [
        value,
        tf.keep(tf.tensor(Float32Array.from(values), [values.length], 'float32')),
      ]),
    );
  }

  /**
   * @param inputs - one tensor for each input of the Program; borrowed
   * @returns one for each output, which the caller disposes
   * @throws {OwnershipError} after `dispose`
   */
  run(inputs: readonly NativeTensor[]): NativeTensor[] {
    if (this.#isDisposed) {
      throw new OwnershipError(
        `${this.backend.name}: the executable of ${this.program.name} was run after it was disposed`,
      );
    }
    return runPlan(this.#tf, this.#plan, new Map([...this.#constants, ...inputs.entries()]));
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const constant of this.#constants.values()) constant.dispose();
    this.#constants.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
