import { UnsupportedError, cpuBackend, type Backend } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/network/choose-backend.ts';
import { importFromWorkingFolder, type BackendName } from '../../src/network/open-backend.ts';
import { exitCodeOf } from '../../src/terminal/exit-code.ts';

/** A backend that only has a name and dtypes. */
function named(name: string, float64: boolean): Backend {
  const backend = cpuBackend();
  return { ...backend, name, supports: { ...backend.supports, float64 } };
}

/** Chooses on a machine where only some backends load. */
async function choose(
  given: Parameters<typeof chooseBackend>[0],
  available: readonly BackendName[],
): Promise<{ name: string; said: string; tried: BackendName[] }> {
  let said = '';
  const tried: BackendName[] = [];
  const open = async (name: BackendName): Promise<Backend> => {
    tried.push(name);
    if (available.includes(name)) return named(name, name === 'ort' || name === 'cpu');
    throw new UnsupportedError(`${name}: could not load it: because. Do this.`);
  };
  const { name } = await chooseBackend(given, { stderr: { write: (text) => (said += text) }, open });
  return { name, said, tried };
}

describe('auto', () => {
  test('is ONNX Runtime, and loads nothing else', async () => {
    const chosen = await choose({ backend: 'auto', dtype: 'auto' }, ['ort', 'tfjs-wasm', 'cpu']);
    expect(chosen).toEqual({ name: 'ort', said: '', tried: ['ort'] });
  });

  test('is TensorFlow.js where that is missing and this is there, and says so in one line', async () => {
    const { name, said } = await choose({ backend: 'auto', dtype: 'auto' }, ['tfjs-wasm', 'cpu']);
    expect(name).toBe('tfjs-wasm');
    expect(said).toBe('ntk: using the tfjs-wasm backend, in float32: ort: could not load it: because. Do this.\n');
  });

  test.each([
    ['float64', ['tfjs-wasm', 'cpu']],
    ['auto', ['cpu']],
  ] as const)('is plain TypeScript for %s where only %j load', async (dtype, available) => {
    const { name, said } = await choose({ backend: 'auto', dtype }, available);
    expect(name).toBe('cpu');
    expect(said).toMatch(
      /^ntk: using the cpu backend, which is slower: ort: could not load it: because\. Do this\.\n$/,
    );
  });
});

describe('a backend by name', () => {
  test.each(['ort', 'cpu', 'tfjs-cpu', 'tfjs-wasm', 'tfjs-node', 'tfjs-node-gpu'] as const)('%s', async (backend) => {
    const chosen = await choose({ backend, dtype: 'auto' }, [backend]);
    expect(chosen).toEqual({ name: backend, said: '', tried: [backend] });
    await expect(choose({ backend, dtype: 'auto' }, [])).rejects.toThrow(`${backend}: could not load it`);
  });

  test('without the dtype that is named', async () => {
    await expect(choose({ backend: 'tfjs-wasm', dtype: 'float64' }, ['tfjs-wasm'])).rejects.toThrow(
      '--dtype float64 is not available on --backend tfjs-wasm, which has float32 only; leave --dtype out, or use --backend ort or cpu',
    );
  });

  test.each(['tfjs-node', 'tfjs-node-gpu'] as const)('%s, which is not installed here', async (backend) => {
    const error: unknown = await chooseBackend(
      { backend, dtype: 'auto' },
      { stderr: { write: () => undefined } },
    ).catch((reason: unknown) => reason);
    expect(exitCodeOf(error)).toBe(2);
    expect((error as Error).message).toMatch(
      new RegExp(
        `^${backend}: could not load @tensorflow/${backend}: .*\`npm install @tensorflow/${backend}@4\\.22\\.0\``,
      ),
    );
  });

  test('is looked for where the command was started', async () => {
    // A package of the project in which the tests run.
    expect(await importFromWorkingFolder('commander')).toHaveProperty('Command');
    await expect(importFromWorkingFolder('@tensorflow/tfjs-node-gpu')).rejects.toMatchObject({
      code: 'MODULE_NOT_FOUND',
    });
  });
});
