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

const ABSENT = Object.assign(new Error("Cannot find package 'gpu.js' imported from /app/index.js\nmore"), {
  code: 'ERR_MODULE_NOT_FOUND',
});

/** A GPU whose kernels give a number. */
function gpuGiving(sum: number): new (settings?: { readonly mode: string }) => object {
  return class {
    readonly mode: string;
    constructor(settings?: { readonly mode: string }) {
      this.mode = settings?.mode ?? 'headlessgl';
    }
    createKernel(): object {
      const result = this.mode === 'webasm' ? 3 : sum;
      return Object.assign(() => [[Float32Array.of(result)]], { setOutput: () => undefined, destroy: () => undefined });
    }
  };
}

describe('loadGpu', () => {
  it('gives a GPU that runs', async () => {
    using backend = gpujsBackend(await loadGpu());
    expect(backend.name).toBe('gpujs');
  });

  it('says how to install what is absent', async () => {
    const message = await messageOf(loadGpu({ load: () => Promise.reject(ABSENT) }));
    expect(message).toContain("Cannot find package 'gpu.js'");
    expect(message).toContain('Install it with `npm install gpu.js@2.24.1`');
    expect(message).toContain('choose another backend');
  });

  it('looks elsewhere for what is absent, and only for that', async () => {
    const elsewhere = (name: string): Promise<unknown> => Promise.resolve({ [name]: 1, GPU: gpuGiving(3) });
    expect((await loadGpu({ load: () => Promise.reject(ABSENT), elsewhere })).mode).toBe('headlessgl');
    const broken = { load: () => Promise.reject(new Error('broken')), elsewhere };
    expect(await messageOf(loadGpu(broken))).toContain('broken. Install the version that is known to work with `npm');
  });

  it('falls back to WebAssembly where a graphics card does not compute', async () => {
    const gpu = await loadGpu({ load: () => Promise.resolve({ GPU: gpuGiving(0) }) });
    expect(gpu.mode).toBe('webasm');
  });

  it('says why a GPU does not start', async () => {
    class GPU {
      constructor() {
        throw new Error('no context');
      }
    }
    const load = (): Promise<unknown> => Promise.resolve({ default: { GPU } });
    expect(await messageOf(loadGpu({ load }))).toContain('no context');
  });

  it.each([[null], [{}], [42], [{ GPU: 1 }]])('refuses %j as a module', async (module) => {
    expect(await messageOf(loadGpu({ load: () => Promise.resolve(module) }))).toContain('the module has no GPU');
  });

  it('survives a loader that throws something else than an Error', async () => {
    const load = (): Promise<never> => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is being tested
      throw 'broken';
    };
    expect(await messageOf(loadGpu({ load }))).toContain('broken');
  });
});
