import {
  allocate,
  shapeOf,
  sizeOf,
  UnsupportedError,
  type DType,
  type Program,
  type Shape,
  type TypedArray,
} from '@ntk/tensor';
import type { Releasable } from './lease-cache.ts';
import { lower } from './lower/lower.ts';
import type { OrtModule, OrtSession, OrtSessionOptions, OrtTensor } from './ort-module.ts';

/** A tensor that goes into a session: its name in the model, and the Program's input that it is. */
interface Feed {
  readonly name: string;
  readonly input: number;
  readonly shape: Shape;
}

/** Where an output comes from: an input handed through, a result of the model, or nowhere because it has no elements. */
type Source = { readonly input: number } | { readonly fetch: string } | 'empty';

/** A Program made ready in one dtype: a session, and what has to go around it. */
export class CompiledProgram implements Releasable {
  readonly #ort: OrtModule;
  readonly #dtype: DType;
  readonly #session: OrtSession | undefined;
  readonly #feeds: readonly Feed[];
  readonly #sources: readonly Source[];

  private constructor(
    ort: OrtModule,
    dtype: DType,
    session: OrtSession | undefined,
    feeds: readonly Feed[],
    sources: readonly Source[],
  ) {
    this.#ort = ort;
    this.#dtype = dtype;
    this.#session = session;
    this.#feeds = feeds;
    this.#sources = sources;
  }

  /** @throws {UnsupportedError} if ONNX Runtime does not accept the model */
  static async create(
    ort: OrtModule,
    program: Program,
    dtype: DType,
    options: OrtSessionOptions,
  ): Promise<CompiledProgram> {
    const outputs = program.outputs.map(({ value }) => value);
    const isComputed = (value: number): boolean =>
      value >= program.inputs.length && sizeOf(shapeOf(program, value)) > 0;
    const wanted = [...new Set(outputs.filter(isComputed))];
    const { bytes, feeds, fetches } = lower(program, dtype, wanted);
    const sources = outputs.map((value): Source => {
      if (value < program.inputs.length) return { input: value };
      return isComputed(value) ? { fetch: fetches[wanted.indexOf(value)]! } : 'empty';
    });
    const shaped = feeds.map((feed) => ({ ...feed, shape: program.inputs[feed.input]!.shape }));
    const session =
      wanted.length === 0 ? undefined : await createSession(ort, bytes, options, `${program.name} (${dtype})`);
    return new CompiledProgram(ort, dtype, session, shaped, sources);
  }

  /**
   * Computes the outputs.
   *
   * @param inputs - one array of the dtype for each input of the Program; borrowed, and fed without a copy
   * @returns one array for each output; an output that is an input is the same array
   */
  async run(inputs: readonly TypedArray[]): Promise<TypedArray[]> {
    const feeds: Record<string, OrtTensor> = {};
    for (const { name, input, shape } of this.#feeds)
      feeds[name] = new this.#ort.Tensor(this.#dtype, inputs[input]!, shape);
    const results = (await this.#session?.run(feeds)) ?? {};
    return this.#sources.map((source) => {
      if (source === 'empty') return allocate(this.#dtype, 0);
      return 'input' in source ? inputs[source.input]! : (results[source.fetch]!.data as TypedArray);
    });
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }
}

async function createSession(
  ort: OrtModule,
  bytes: Uint8Array,
  options: OrtSessionOptions,
  what: string,
): Promise<OrtSession> {
  try {
    return await ort.InferenceSession.create(bytes, options);
  } catch (cause) {
    throw new UnsupportedError(
      `ort: ONNX Runtime does not accept ${what}: ${cause instanceof Error ? cause.message : String(cause)}; run it on the cpu backend`,
      { cause },
    );
  }
}
