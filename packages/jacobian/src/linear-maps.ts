import {
  asDType,
  rebatch,
  type Backend,
  type CompileOptions,
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
  readonly #values: readonly TypedArray[];
  readonly #weights: readonly Tensor[];
  /** Coefficients that all examples share, by their number, on the host. */
  readonly #shared = new LazyValues<'shared', ReadonlyMap<number, TypedArray>>(() => undefined);
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
      /** The Program for a batch in the form in which it is differentiated; the network's own unless given. */
      readonly program?: Program;
      /** Convolutions whose windows are stored; see `derive`. */
      readonly storesWindows?: (node: number) => boolean;
      /** For each chosen parameter the factor of its columns of J; 1 unless given. */
      readonly scales?: readonly number[];
    },
  ) {
    this.network = network;
    this.backend = options.backend;
    this.dtype = options.dtype;
    this.batchSize = options.batchSize;
    this.tileSize = options.tileSize;
    this.derivation = derive(
      options.program ?? rebatch(network.program, options.batchSize),
      chosen.map((i) => i + 1),
      options.storesWindows,
      options.scales,
    );
    this.#values = network.values.map((data) => asDType(data, options.dtype));
    this.#weights = uploadWeights(network, this.backend, this.#values);
  }

  /**
   * Runs the primal Program for one batch.
   *
   * @param x - `batchSize` examples, flat, of this dtype; kept by the result's coefficients
   */
  async point(x: TypedArray): Promise<Point> {
    const program = this.derivation.primal;
    const fixed = new Map(this.#values.map((data, i) => [i + 1, data]));
    const executable = await this.executable('primal', () => program, { fixed });
    const data = this.backend.upload(x, program.inputs[0]!.shape);
    const inputs = [data, ...this.#weights];
    try {
      const [outputs, ...residuals] = await this.backend.run(executable, inputs);
      const coefficients = this.derivation.sources.map((source) =>
        'input' in source ? inputs[source.input]! : residuals[source.output - 1]!,
      );
      return { outputs: outputs!, coefficients, owned: [data, outputs!, ...residuals] };
    } catch (error) {
      data.dispose();
      throw error;
    }
  }

  /**
   * The compiled form of a Program, made at first use. It belongs to this object.
   *
   * @param options - in the dtype of the maps unless named
   */
  executable(key: string, make: () => Program, options: Partial<CompileOptions> = {}): Promise<Executable> {
    return this.#executables.get(key, async () => this.backend.compile(make(), { dtype: this.dtype, ...options }));
  }

  /** Runs a Program of the linear maps at one point; its inputs are the coefficients, then `extra`. */
  async run(key: string, make: () => Program, point: Point, extra: readonly Tensor[]): Promise<Tensor[]> {
    const fixed = await this.#shared.get('shared', () => this.#readShared(point));
    return this.backend.run(await this.executable(key, make, { fixed }), [...point.coefficients, ...extra]);
  }

  /** Coefficients that all examples share: weights, and what the primal Program makes of weights alone. */
  async #readShared({ coefficients }: Point): Promise<ReadonlyMap<number, TypedArray>> {
    const { sources, sourceShared } = this.derivation;
    const shared = new Map<number, TypedArray>();
    for (const [i, source] of sources.entries()) {
      if (!sourceShared[i]) continue;
      if ('input' in source) shared.set(i, this.#values[source.input - 1]!);
      // A copy: the tensor may be disposed before the next Program is compiled.
      else shared.set(i, (await this.backend.read(coefficients[i]!)).slice());
    }
    return shared;
  }

  /** Gives a compiled Program back; a later use compiles it anew. */
  releaseExecutable(key: string): void {
    this.#executables.delete(key);
  }

  dispose(): void {
    this.#weights.forEach((tensor) => tensor.dispose());
    this.#executables.dispose();
    this.#shared.dispose();
  }
}

/** Uploads all weights, or none. */
function uploadWeights({ parameters }: Network, backend: Backend, values: readonly TypedArray[]): Tensor[] {
  const weights: Tensor[] = [];
  try {
    values.forEach((data, i) => weights.push(backend.upload(data, parameters[i]!.shape)));
  } catch (error) {
    weights.forEach((tensor) => tensor.dispose());
    throw error;
  }
  return weights;
}

/** The point of linearisation for one batch of examples: the network's outputs and the coefficients of its linear maps. */
export interface Point {
  /** f, [batchSize, c] */
  readonly outputs: Tensor;
  /** In the order of the derivation's sources; weights among them belong to the LinearMaps. */
  readonly coefficients: readonly Tensor[];
  readonly owned: readonly Tensor[];
}

/** Releases what a point holds. */
export function disposePoint({ owned }: Point): void {
  owned.forEach((tensor) => tensor.dispose());
}
