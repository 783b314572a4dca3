import {
  checkInputs,
  hostData,
  HostTensor,
  OptionError,
  OwnershipError,
  PRIMITIVES,
  shapeOf,
  type Backend,
  type DType,
  type Program,
  type Tensor,
} from '@ntk/tensor';
import { channelBlock } from './channel-block.ts';
import { compilationKey } from './compilation-key.ts';
import { compileProgram, workingBytes, type CompiledProgram } from './compiled-program.ts';
import { LeaseCache } from './lease-cache.ts';
import { literalInputs } from './literal-inputs.ts';
import { loadOrt } from './load.ts';
import { OrtExecutable } from './ort-executable.ts';
import type { OrtModule, OrtSessionOptions } from './ort-module.ts';
import { threadCount } from './thread-count.ts';

/** Settings of `ortBackend`. */
export interface OrtBackendOptions {
  /** An ONNX Runtime module to use, such as `onnxruntime-web`; the optional dependency `onnxruntime-node` unless given. */
  readonly ort?: OrtModule;
  /**
   * Threads inside one operation. Unless given: one for Programs of small operations, otherwise ONNX Runtime's own choice,
   * the physical cores.
   */
  readonly threads?: number;
  /** How many compiled Programs that nobody holds stay ready for reuse. */
  readonly cachedPrograms?: number;
  /** Bytes that these may occupy together: a compiled Program keeps its working memory. */
  readonly cachedBytes?: number;
}

/** The backend of ONNX Runtime, with a view of its cache. */
export interface OrtBackend extends Backend {
  /** Compiled Programs alive, and how many of them an Executable holds. */
  readonly compiled: { readonly alive: number; readonly held: number };
  /** Frees the compiled Programs that no Executable holds. The backend stays usable. */
  clearCache(): Promise<void>;
}

/**
 * Makes a backend that runs Programs on ONNX Runtime, in float32 and float64, on the processor.
 *
 * Tensors are host arrays: `upload` and `read` copy nothing. In Node `run` computes on the calling thread and so blocks
 * the event loop; a long job belongs in a worker. `threads` only adds helpers inside one operation.
 *
 * @throws {UnsupportedError} if ONNX Runtime cannot be loaded
 * @throws {OptionError} if an option is outside its domain
 */
export async function ortBackend(options: OrtBackendOptions = {}): Promise<OrtBackend> {
  const { threads, cachedPrograms = 16, cachedBytes = 2 ** 28 } = options;
  if (threads !== undefined) checkCount('threads', threads, 1);
  checkCount('cachedPrograms', cachedPrograms, 0);
  checkCount('cachedBytes', cachedBytes, 0);
  const cache = new LeaseCache<CompiledProgram>({ count: cachedPrograms, bytes: cachedBytes });
  return makeBackend(options.ort ?? (await loadOrt()), threads, cache);
}

function checkCount(option: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new OptionError(`ortBackend: got ${option} ${value}, expected an integer of at least ${least}`);
}

/** Values of a Program together, beyond which memory counts more than the time that it takes to find some. */
const LARGE_BYTES = 2 ** 26;

/**
 * Threads spin between the operations of a run and sleep between runs: each session has threads of its own, and those of the last one would take the cores from the next, but to wake
 * them for each operation takes a tenth of a product with ResNet-20. Sessions do keep their memory from run to run, which the system gives slowly. From the second run on they would also
 * lay all values out in one block beside what the first run took: products of ResNet-56 then take 1.6 GiB instead of 1.0.
 */
function sessionOptions(program: Program, dtype: DType, threads: number | undefined): OrtSessionOptions {
  return {
    enableMemPattern: workingBytes(program, dtype) < LARGE_BYTES,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    graphOptimizationLevel: optimizationLevel(program, dtype),
    extra: { session: { force_spinning_stop: '1' } },
    logSeverityLevel: 3,
  };
}

/** Nodes beyond which ONNX Runtime's optimiser, whose time grows with their square, takes longer than it saves: steps of recurrent networks. */
const MANY_NODES = 2500;

/**
 * Beyond 'basic', ONNX Runtime fuses constant factors into attributes, which are float32 whatever the tensors are: a
 * float64 product came back with seven digits.
 */
function optimizationLevel({ nodes }: Program, dtype: DType): 'disabled' | 'basic' | 'all' {
  if (nodes.length > MANY_NODES) return 'disabled';
  return dtype === 'float64' ? 'basic' : 'all';
}

function makeBackend(ort: OrtModule, threads: number | undefined, cache: LeaseCache<CompiledProgram>): OrtBackend {
  let block: Promise<number> | undefined;
  const blockFor = async (program: Program, dtype: DType): Promise<number> =>
    dtype === 'float32' && program.nodes.some(({ op }) => op === 'conv2d' || op === 'conv2dTranspose')
      ? (block ??= channelBlock(ort))
      : 0;
  const backend: OrtBackend = {
    name: 'ort',
    supports: { float32: true, float64: true, primitives: PRIMITIVES, deviceResident: false },
    get compiled() {
      return cache.counts;
    },
    clearCache: () => cache.clear(),
    upload: (data, shape) => new HostTensor(backend, data, shape),
    compile: async (program, { dtype, fixed }) => {
      const literals = literalInputs(program, dtype, fixed);
      const lease = await cache.acquire(await compilationKey(program, dtype, literals), async () => {
        const engine = { dtype, literals, channelBlock: await blockFor(program, dtype) };
        return compileProgram(ort, program, engine, sessionOptions(program, dtype, threads ?? threadCount(program)));
      });
      return new OrtExecutable(backend, program, dtype, lease);
    },
    run: async (executable, inputs) => {
      checkInputs(executable, inputs);
      if (executable.backend !== backend || !(executable instanceof OrtExecutable)) {
        throw new OwnershipError(
          `ort: got an executable of ${executable.backend.name}, expected one that this backend compiled`,
        );
      }
      const arrays = inputs.map((tensor) => hostData(tensor, backend));
      const results = await executable.use((compiled) => compiled.run(arrays));
      return results.map((data, i): Tensor => new HostTensor(backend, data, outputShape(executable, i)));
    },
    read: async (tensor) => hostData(tensor, backend),
  };
  return backend;
}

function outputShape({ program }: OrtExecutable, output: number): readonly number[] {
  return shapeOf(program, program.outputs[output]!.value);
}
