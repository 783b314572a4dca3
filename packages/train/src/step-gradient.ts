import {
  allocate,
  type Backend,
  type DType,
  type Executable,
  type Network,
  type Tensor,
  type TypedArray,
} from '@ntk/tensor';
import type { Batch } from './examples.ts';
import { stepProgram, type LossProgramShape } from './loss-program.ts';
import { fillGaps, type ParameterVector } from './parameter-vector.ts';

/** Computes the loss of a batch and its gradient: one run of one compiled Program. */
export class StepGradient {
  /** The gradient of the last batch, [p]; overwritten by the next. */
  readonly gradient: TypedArray;
  readonly #backend: Backend;
  readonly #executable: Executable;
  readonly #parameters: ParameterVector;
  readonly #fixed: readonly (Tensor | null)[];

  private constructor(backend: Backend, executable: Executable, parameters: ParameterVector) {
    this.#backend = backend;
    this.#executable = executable;
    this.#parameters = parameters;
    this.#fixed = parameters.uploadFixed(backend);
    this.gradient = allocate(executable.dtype, parameters.flat.length);
  }

  static async create(
    network: Network,
    chosen: readonly number[],
    parameters: ParameterVector,
    shape: LossProgramShape,
    place: { readonly backend: Backend; readonly dtype: DType },
  ): Promise<StepGradient> {
    const { backend, dtype } = place;
    const executable = await backend.compile(stepProgram(network, chosen, shape), { dtype });
    return new StepGradient(backend, executable, parameters);
  }

  /**
   * Evaluates a batch at the current parameters and leaves the gradient in `gradient`.
   *
   * @returns the weighted mean loss of the batch
   */
  async compute(batch: Batch): Promise<number> {
    const inputs = this.#upload(batch);
    const backend = this.#backend;
    try {
      const [losses, ...gradients] = await backend.run(this.#executable, inputs.all);
      try {
        await this.#collect(gradients);
        return weightedSum(await backend.read(losses!), batch.weights);
      } finally {
        [losses!, ...gradients].forEach((tensor) => tensor.dispose());
      }
    } finally {
      inputs.owned.forEach((tensor) => tensor.dispose());
    }
  }

  dispose(): void {
    this.#fixed.forEach((tensor) => tensor?.dispose());
    this.#executable.dispose();
  }

  #upload(batch: Batch): { all: Tensor[]; owned: Tensor[] } {
    const backend = this.#backend;
    const inputs = this.#executable.program.inputs;
    const [xShape, targetShape, weightShape] = [inputs[0]!.shape, inputs.at(-2)!.shape, inputs.at(-1)!.shape];
    const x = backend.upload(batch.x, xShape);
    const chosen = this.#parameters.uploadChosen(backend);
    const targets = backend.upload(batch.y, targetShape);
    const weights = backend.upload(batch.weights, weightShape);
    const all = [x, ...fillGaps(this.#fixed, chosen), targets, weights];
    return { all, owned: [x, ...chosen, targets, weights] };
  }

  async #collect(gradients: readonly Tensor[]): Promise<void> {
    let start = 0;
    for (const tensor of gradients) {
      const part = await this.#backend.read(tensor);
      this.gradient.set(part, start);
      start += part.length;
    }
  }
}

function weightedSum(losses: TypedArray, weights: TypedArray): number {
  let sum = 0;
  // Padding has weight 0 and takes no part.
  for (let i = 0; i < losses.length; i++) if (weights[i] !== 0) sum += weights[i]! * losses[i]!;
  return sum;
}
