import { cpuBackend } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { chooseSolverBackend, type SolverChoice } from '../../src/network/choose-solver-backend.ts';

const network = { ...cpuBackend(), name: 'tfjs-tensorflow' };
const opened = cpuBackend();
const choose = (solverBackend: SolverChoice['solverBackend']) =>
  chooseSolverBackend({ backend: 'tfjs-node', solverBackend }, network, () => Promise.resolve(opened));

describe('the backend of the linear algebra', () => {
  test('auto leaves it to that of the network', async () => {
    expect(await choose('auto')).toBeUndefined();
  });

  test('the same one serves for both', async () => {
    expect(await choose('tfjs-node')).toBe(network);
    expect(await chooseSolverBackend({ backend: 'auto', solverBackend: 'cpu' }, opened)).toBe(opened);
  });

  test.each(['ort', 'cpu', 'gpujs'] as const)('%s beside another', async (name) => {
    expect(await choose(name)).toBe(opened);
  });

  test('TensorFlow.js has one engine at a time', async () => {
    await expect(choose('tfjs-wasm')).rejects.toThrow(
      '--solver-backend tfjs-wasm: TensorFlow.js has one engine at a time, and runs the network on tfjs-tensorflow',
    );
  });

  test('gpu.js is loaded', async () => {
    const backend = await chooseSolverBackend({ backend: 'cpu', solverBackend: 'gpujs' }, opened);
    expect(backend!.name).toBe('gpujs');
  });
});
