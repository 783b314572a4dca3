import { OptionError, type Backend } from '@ntk/tensor';
import type { RunArguments } from '../arguments/run-options.ts';
import type { TextStream } from '../terminal/streams.ts';
import { openBackend, type BackendName } from './open-backend.ts';

/** What choosing needs besides the options. */
export interface BackendSources {
  readonly stderr: TextStream;
  /** Loads a backend; from installed packages unless given. */
  readonly open?: (name: BackendName) => Promise<Backend>;
}

/**
 * The backend that a user chose. 'auto' is ONNX Runtime. Where that can't be loaded, it is TensorFlow.js on WebAssembly if it is
 * installed and float32 will do, or plain TypeScript, which is said in one line on `stderr`.
 *
 * @throws {UnsupportedError} if a backend was named and can't be loaded
 * @throws {OptionError} if the backend that was named lacks the dtype
 */
export async function chooseBackend(
  { backend: choice, dtype }: Pick<RunArguments, 'backend' | 'dtype'>,
  { stderr, open = openBackend }: BackendSources,
): Promise<Backend> {
  if (choice !== 'auto') return checkDType(choice, await open(choice), dtype);
  const ort = await attempt(() => open('ort'));
  if (!(ort instanceof Error)) return ort;
  const wasm = dtype === 'float64' ? undefined : await attempt(() => open('tfjs-wasm'));
  const usesWasm = wasm !== undefined && !(wasm instanceof Error);
  const instead = usesWasm ? 'tfjs-wasm backend, in float32' : 'cpu backend, which is slower';
  stderr.write(`ntk: using the ${instead}: ${ort.message}\n`);
  return usesWasm ? wasm : open('cpu');
}

/** What `load` gives, or why it can't be loaded. */
async function attempt(load: () => Promise<Backend>): Promise<Backend | Error> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof Error && error.name === 'UnsupportedError') return error;
    throw error;
  }
}

function checkDType(choice: BackendName, backend: Backend, dtype: RunArguments['dtype']): Backend {
  if (dtype === 'auto' || backend.supports[dtype]) return backend;
  throw new OptionError(
    `--dtype ${dtype} is not available on --backend ${choice}, which has float32 only; leave --dtype out, or use --backend ort or cpu`,
  );
}
