import {
  allocate,
  bytesPerElement,
  shapeOf,
  sizeOf,
  UnsupportedError,
  type DType,
  type Program,
  type TypedArray,
  type Value,
} from '@ntk/tensor';
import type { Releasable } from './lease-cache.ts';
import { lower, type LowerOptions } from './lower/lower.ts';
import type { OrtModule, OrtSession, OrtSessionOptions, OrtTensor } from './ort-module.ts';

/** A Program made ready in one dtype: a session of ONNX Runtime, and what has to go around it. */
export interface CompiledProgram extends Releasable {
  /**
   * Computes the outputs.
   *
   * @param inputs - one array of the dtype for each input of the Program; borrowed, and fed without a copy
   * @returns one array for each output; an output that is an input is the same array
   */
  run(inputs: readonly TypedArray[]): Promise<TypedArray[]>;
}

/**
 * Makes a Program ready to run.
 *
 * @throws {UnsupportedError} if ONNX Runtime does not accept its model
 */
export async function compileProgram(
  ort: OrtModule,
  program: Program,
  { dtype, ...rest }: { readonly dtype: DType } & Omit<LowerOptions, 'wanted'>,
  options: OrtSessionOptions,
): Promise<CompiledProgram> {
  const outputs = program.outputs.map(({ value }) => value);
  const wanted = [...new Set(outputs)].filter((value) => isComputed(program, value));
  const { model, feeds, fetches } = lower(program, dtype, { wanted, ...rest });
  // Nothing to compute: all outputs are inputs, or have no elements.
  const session =
    wanted.length === 0 ? undefined : await createSession(ort, model, options, `${program.name} (${dtype})`);

  async function run(inputs: readonly TypedArray[]): Promise<TypedArray[]> {
    const tensors = feeds.map(({ name, input }): [string, OrtTensor] => {
      return [name, new ort.Tensor(dtype, inputs[input]!, program.inputs[input]!.shape)];
    });
    const results = (await session?.run(Object.fromEntries(tensors))) ?? {};
    return outputs.map((value) => {
      const fetch = fetches[wanted.indexOf(value)];
      if (fetch !== undefined) return results[fetch]!.data as TypedArray;
      return inputs[value] ?? allocate(dtype, 0);
    });
  }

  return { bytes: workingBytes(program, dtype), run, release: async () => session?.release() };
}

/** True for what only a model can give: neither an input nor empty. */
function isComputed(program: Program, value: Value): boolean {
  return value >= program.inputs.length && sizeOf(shapeOf(program, value)) > 0;
}

/** The size of all values that the Program computes; a session reuses memory within a run, and so needs less. */
export function workingBytes(program: Program, dtype: DType): number {
  return program.nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0) * bytesPerElement(dtype);
}

async function createSession(
  ort: OrtModule,
  model: Uint8Array,
  options: OrtSessionOptions,
  what: string,
): Promise<OrtSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnsupportedError(`ort: ONNX Runtime does not accept ${what}: ${reason}; run it on the cpu backend`, {
      cause,
    });
  }
}
