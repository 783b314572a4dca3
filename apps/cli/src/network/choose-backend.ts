import { ortBackend } from '@ntk/backend-ort';
import { cpuBackend, type Backend } from '@ntk/tensor';
import type { RunArguments } from '../arguments/run-options.ts';
import type { TextStream } from '../terminal/streams.ts';

/**
 * The backend that a user chose. 'auto' is ONNX Runtime, or plain TypeScript where that can't be loaded, which is said in one
 * line on `stderr`.
 *
 * @throws {UnsupportedError} if 'ort' was named and can't be loaded
 */
export async function chooseBackend(choice: RunArguments['backend'], stderr: TextStream): Promise<Backend> {
  if (choice === 'cpu') return cpuBackend();
  try {
    return await ortBackend();
  } catch (error) {
    if (choice === 'ort' || !(error instanceof Error) || error.name !== 'UnsupportedError') throw error;
    stderr.write(`ntk: using the cpu backend, which is slower: ${error.message}\n`);
    return cpuBackend();
  }
}
