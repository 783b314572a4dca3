import { OptionError, type Backend } from '@ntk/tensor';
import type { RunArguments } from '../arguments/run-options.ts';
import { openBackend, openGpujs, type BackendName } from './open-backend.ts';

/** Backends that run the linear algebra, by the words of --solver-backend. */
export type SolverBackendName = BackendName | 'gpujs';

/** The options that choose. */
export interface SolverChoice extends Pick<RunArguments, 'backend'> {
  readonly solverBackend: 'auto' | SolverBackendName;
}

/**
 * The backend that a user chose for the linear algebra; undefined for 'auto', which leaves it to the network's.
 *
 * @param network - what --backend chose; it serves for both where both are the same
 * @param open - loads a backend; from installed packages unless given
 * @throws {UnsupportedError} if it can't be loaded
 * @throws {OptionError} if both are TensorFlow.js, which has one engine at a time
 */
export async function chooseSolverBackend(
  { backend, solverBackend: choice }: SolverChoice,
  network: Backend,
  open: (name: SolverBackendName) => Promise<Backend> = openSolverBackend,
): Promise<Backend | undefined> {
  if (choice === 'auto') return undefined;
  if (choice === backend || choice === network.name) return network;
  if (choice.startsWith('tfjs-') && network.name.startsWith('tfjs-')) {
    throw new OptionError(
      `--solver-backend ${choice}: TensorFlow.js has one engine at a time, and runs the network on ${network.name}; use the same for both, or ort or cpu`,
    );
  }
  return open(choice);
}

function openSolverBackend(name: SolverBackendName): Promise<Backend> {
  return name === 'gpujs' ? openGpujs() : openBackend(name);
}
