import {
  asDType,
  rebatch,
  type Backend,
  type DType,
  type Executable,
  type Network,
  type Program,
  type Tensor,
  type TypedArray,
} from '@ntk/tensor';
import { derive, type Derivation } from './derivation.ts';
import { LazyValues } from './lazy-values.ts';

/** The chosen parameters of a network on a backend, and the Programs that act on one batch, each compiled once. */
export class LinearMaps {
  readonly network: Network;
  readonly backend: Backend;
  readonly dtype: DType;
  /** Examples of a batch: a multiple of `tileSize`. */
  readonly batchSize: number;
  /** Examples of a tile of the kernel. */
  readonly tileSize: number;
  readonly derivation: Derivation;
  readonly #weights: readonly Tensor[];
  readonly #executables = new LazyValues<string, Executable>((executable) => executable.dispose());

  /** @param chosen - positions in `network.parameters` */
  constructor(
    network: Network,
    chosen: readonly number[],
    options: {
      readonly backend: Backend;
      readonly dtype: DType;
      readonly batchSize: number;
      readonly tileSize: number;
    },
  ) {
    this.network = network;
    this.backend = options.backend;
    this.dtype = options.dtype;
    this.batchSize = options.batchSize;
    this.tileSize = options.tileSize;
    const program = rebatch(network.program, options.batchSize);
    this.derivation = derive(
      program,
      chosen.map((i) => i + 1),
    );
    this.#weights = uploadWeights(network, this.backend, this.dtype);
  }

  /**
   * Runs the primal Program for one batch.
   *
   * @param x - `batchSize` examples, flat, of this dtype; kept by the result's coefficients
   */
  async batch(x: TypedArray, count: number): Promise<Batch> {
    const program = this.derivation.primal;
    const executable = await this.executable('primal', () => program);
    const data = this.backend.upload(x, program.inputs[0]!.shape);
    const inputs = [data, ...this.#weights];
    try {
      const [outputs, ...residuals] = await this.backend.run(executable, inputs);
      const coefficients = this.derivation.sources.map((source) =>
        'input' in source ? inputs[source.input]! : residuals[source.output - 1]!,
      );
      return { count, outputs: outputs!, coefficients, owned: [data, outputs!, ...residuals] };
    } catch (error) {
      data.dispose();
      throw error;
    }
  }

  /** The compiled form of a Program, made at first use. It belongs to this object. */
  executable(key: string, make: () => Program): Promise<Executable> {
    return this.#executables.get(key, async () => this.backend.compile(make(), { dtype: this.dtype }));
  }

  /** Runs a Program of the linear maps on one batch; its inputs are the coefficients, then `extra`. */
  async run(key: string, make: () => Program, batch: Batch, extra: readonly Tensor[]): Promise<Tensor[]> {
    return this.backend.run(await this.executable(key, make), [...batch.coefficients, ...extra]);
  }

  dispose(): void {
    this.#weights.forEach((tensor) => tensor.dispose());
    this.#executables.dispose();
  }
}

/** Uploads all weights, or none. */
function uploadWeights({ values, parameters }: Network, backend: Backend, dtype: DType): Tensor[] {
  const weights: Tensor[] = [];
  try {
    values.forEach((data, i) => weights.push(backend.upload(asDType(data, dtype), parameters[i]!.shape)));
  } catch (error) {
    weights.forEach((tensor) => tensor.dispose());
    throw error;
  }
  return weights;
}

/** The point of linearisation for one batch of examples: the network's outputs and the coefficients of its linear maps. */
export interface Batch {
  /** Real examples; the rest of the batch is padding, whose rows are ignored. */
  readonly count: number;
  /** f, [batchSize, c] */
  readonly outputs: Tensor;
  /** In the order of the derivation's sources; weights among them belong to the LinearMaps. */
  readonly coefficients: readonly Tensor[];
  readonly owned: readonly Tensor[];
}

/** Releases what a batch holds. */
export function disposeBatch({ owned }: Batch): void {
  owned.forEach((tensor) => tensor.dispose());
}
