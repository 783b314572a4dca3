import { describe, expect, it } from 'vitest';
import { gpujsBackend, loadGpu } from '@ntk/backend-gpujs';

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).name).toBe('UnsupportedError');
  expect((error as Error).message).not.toContain('\n');
  return (error as Error).message;
}

describe('loadGpu', () => {
  it('gives a GPU that runs', async () => {
    using backend = gpujsBackend(await loadGpu());
    expect(backend.name).toBe('gpujs');
  });

  it('says how to install what is absent', async () => {
    const absent = Object.assign(new Error("Cannot find package 'gpu.js' imported from /app/index.js\nmore"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const message = await messageOf(loadGpu(() => Promise.reject(absent)));
    expect(message).toContain("Cannot find package 'gpu.js'");
    expect(message).toContain('`npm install gpu.js@2.24.1`');
    expect(message).toContain('choose another backend');
  });

  it('says why a GPU does not start', async () => {
    class GPU {
      constructor() {
        throw new Error('no context');
      }
    }
    expect(await messageOf(loadGpu(() => Promise.resolve({ default: { GPU } })))).toContain('no context');
  });

  it.each([[null], [{}], [42], [{ GPU: 1 }]])('refuses %j as a module', async (module) => {
    expect(await messageOf(loadGpu(() => Promise.resolve(module)))).toContain('the module has no GPU');
  });

  it('survives a loader that throws something else than an Error', async () => {
    const load = (): Promise<never> => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is being tested
      throw 'broken';
    };
    expect(await messageOf(loadGpu(load))).toContain('broken');
  });
});
