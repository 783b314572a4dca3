import {
  allocate,
  dtypeOf,
  type Backend,
  type DType,
  type Executable,
  type Network,
  type Tensor,
  type TypedArray,
} from '@ntk/tensor';
import type { Examples } from './examples.ts';
import { lossProgram } from './loss-program.ts';
import type { Loss } from './losses/loss.ts';
import { fillGaps, type ParameterVector } from './parameter-vector.ts';

/** Examples a run: enough for full speed, few enough for little memory. */
const CHUNK = 1024;

/** Inputs and targets of a chunk, which stay on the backend. */
interface Chunk {
  readonly x: Tensor;
  readonly targets: Tensor;
  readonly start: number;
  readonly count: number;
}

/** Computes the mean loss over fixed examples for changing parameters; compiled and uploaded once. */
export class MeanLoss {
  readonly #backend: Backend;
  readonly #executable: Executable;
  readonly #parameters: ParameterVector;
  readonly #fixed: readonly (Tensor | null)[];
  readonly #chunks: readonly Chunk[];
  readonly #examples: Examples;

  private constructor(backend: Backend, executable: Executable, parameters: ParameterVector, examples: Examples) {
    this.#backend = backend;
    this.#executable = executable;
    this.#parameters = parameters;
    this.#examples = examples;
    this.#fixed = parameters.uploadFixed(backend);
    this.#chunks = uploadChunks(executable, examples);
  }

  static async create(
    network: Network,
    examples: Examples,
    parameters: ParameterVector,
    place: { readonly loss: Loss; readonly backend: Backend; readonly dtype: DType },
  ): Promise<MeanLoss> {
    const { loss, backend, dtype } = place;
    const batchSize = Math.min(CHUNK, examples.n);
    const program = lossProgram(network, { loss, batchSize, targetSize: examples.targetSize });
    return new MeanLoss(backend, await backend.compile(program, { dtype }), parameters, examples);
  }

  /** The weighted mean loss at the current parameters, summed in float64. */
  async compute(): Promise<number> {
    const { n, weights } = this.#examples;
    const chosen = this.#parameters.uploadChosen(this.#backend);
    const parameters = fillGaps(this.#fixed, chosen);
    try {
      let sum = 0;
      for (const { x, targets, start, count } of this.#chunks) {
        const [output] = await this.#backend.run(this.#executable, [x, ...parameters, targets]);
        try {
          const losses = await this.#backend.read(output!);
          for (let i = 0; i < count; i++) sum += weights[start + i]! * losses[i]!;
        } finally {
          output!.dispose();
        }
      }
      return sum / n;
    } finally {
      chosen.forEach((tensor) => tensor.dispose());
    }
  }

  dispose(): void {
    this.#fixed.forEach((tensor) => tensor?.dispose());
    this.#chunks.forEach(({ x, targets }) => [x, targets].forEach((tensor) => tensor.dispose()));
    this.#executable.dispose();
  }
}

function uploadChunks(executable: Executable, { n, x, y, inputSize, targetSize }: Examples): Chunk[] {
  const { backend, program } = executable;
  const [xShape, targetShape] = [program.inputs[0]!.shape, program.inputs.at(-1)!.shape];
  const size = xShape[0]!;
  const chunks: Chunk[] = [];
  for (let start = 0; start < n; start += size) {
    chunks.push({
      x: backend.upload(rows(x, start, size, inputSize), xShape),
      targets: backend.upload(rows(y, start, size, targetSize), targetShape),
      start,
      count: Math.min(size, n - start),
    });
  }
  return chunks;
}

/** Rows start … start + size - 1; rows past the end are copies of the last. */
function rows(data: TypedArray, start: number, size: number, rowSize: number): TypedArray {
  const found = data.subarray(start * rowSize, (start + size) * rowSize);
  if (found.length === size * rowSize) return found;
  const padded = allocate(dtypeOf(data), size * rowSize);
  padded.set(found);
  const last = found.subarray(found.length - rowSize);
  for (let at = found.length; at < padded.length; at += rowSize) padded.set(last, at);
  return padded;
}
