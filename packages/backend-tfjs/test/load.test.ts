import { createRequire } from 'node:module';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import type * as tfc from '@tensorflow/tfjs-core';
import { loadTfjs, tfjsBackend, TFJS_NAMES, type TfjsModule, type TfjsName } from '@ntk/backend-tfjs';

function failing(message: string, code?: string): (name: string) => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(message), code === undefined ? {} : { code }));
}

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

const ADDON_MISSING =
  'The Node.js native addon module (tfjs_binding.node) can not be found at path: /app/lib/napi-v8/tfjs_binding.node. \n' +
  "Please run command 'npm rebuild @tensorflow/tfjs-node-gpu --build-addon-from-source' to rebuild the native addon module.";

describe('loadTfjs', () => {
  it.each(['tfjs-cpu', 'tfjs-wasm'] as const)('loads %s, which runs without a word in the console', async (name) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const backend = await tfjsBackend(await loadTfjs(name));
    expect(backend.name).toBe(name);
    using x = backend.upload(Float32Array.of(1, 2), [2]);
    expect([...(await backend.read(x))]).toEqual([1, 2]);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it.each(['tfjs-node', 'tfjs-node-gpu'] as const)('says how to install %s, which is absent here', async (name) => {
    const require = createRequire(import.meta.url);
    const load = async (each: string): Promise<unknown> => require(each) as unknown;
    for (const environment of [{}, { load }]) {
      const message = await messageOf(loadTfjs(name, environment));
      expect(message).toMatch(new RegExp(`^${name}: could not load @tensorflow/${name}: C.*${name}['"]`));
      expect(message).toContain(`\`npm install @tensorflow/${name}@4.22.0\``);
      expect(message).toContain('choose another backend');
    }
  });

  it.each(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])('names every package of an engine after %s', async (code) => {
    const load = async (name: string): Promise<unknown> =>
      name === '@tensorflow/tfjs-core' ? {} : failing(`Cannot find module '${name}'\nRequire stack: …`, code)(name);
    const message = await messageOf(loadTfjs('tfjs-wasm', { load }));
    expect(message).toContain('could not load @tensorflow/tfjs-backend-wasm');
    expect(message).toContain('`npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0`');
  });

  it('looks elsewhere for what is absent, and only for that', async () => {
    const tf = await loadTfjs('tfjs-cpu');
    const asked: string[] = [];
    const elsewhere = (name: string): Promise<unknown> => {
      asked.push(name);
      return Promise.resolve(tf);
    };
    const load = (name: string): Promise<never> =>
      failing(`Cannot find package '${name}'`, 'ERR_MODULE_NOT_FOUND')(name);
    expect(await loadTfjs('tfjs-cpu', { load, elsewhere })).toBe(tf);
    expect(asked).toEqual(['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu']);
    const broken = { load: failing(ADDON_MISSING), elsewhere, nodeMajor: 20 };
    expect(await messageOf(loadTfjs('tfjs-node', broken))).toContain('npm rebuild');
  });

  it('tells a download that failed from a package that is absent', async () => {
    const message = await messageOf(loadTfjs('tfjs-node-gpu', { load: failing(ADDON_MISSING), nodeMajor: 20 }));
    expect(message).toContain('tfjs_binding.node) can not be found at path: /app/lib');
    expect(message).toContain('`npm rebuild @tensorflow/tfjs-node-gpu`');
    expect(message).not.toContain('npm install');
  });

  it('does not take a missing part of a package for the package', async () => {
    const load = failing("Cannot find module '@mapbox/node-pre-gyp'", 'MODULE_NOT_FOUND');
    expect(await messageOf(loadTfjs('tfjs-node', { load, nodeMajor: 20 }))).toContain('npm rebuild');
  });

  it('says on Node 23 and later that the native engines have no version for it', async () => {
    const message = await messageOf(loadTfjs('tfjs-node', { load: failing(ADDON_MISSING), nodeMajor: 24 }));
    expect(message).toContain('Node 23 and later (tensorflow/tfjs#8609), and this is Node 24');
  });

  it('notices an engine that loads and cannot compute', async () => {
    const tf = await loadTfjs('tfjs-cpu');
    const broken = {
      ...tf,
      neg: () => {
        throw new TypeError('(0 , util_1.isNullOrUndefined) is not a function');
      },
    };
    const load = (): Promise<unknown> => Promise.resolve({ ...broken, setBackend: () => Promise.resolve(true) });
    const message = await messageOf(loadTfjs('tfjs-node', { load, nodeMajor: 23 }));
    expect(message).toContain('isNullOrUndefined');
    expect(message).toContain('Node 23');
  });

  it('notices an engine that does not start', async () => {
    const tf = await loadTfjs('tfjs-cpu');
    const load = (): Promise<unknown> =>
      Promise.resolve({ default: { ...tf, setBackend: () => Promise.resolve(false) } });
    expect(await messageOf(loadTfjs('tfjs-wasm', { load }))).toContain("the engine 'wasm' does not start");
  });

  it.each([[null], [{}], [{ default: {} }], [42]])('refuses %j as a module', async (module) => {
    expect(await messageOf(loadTfjs('tfjs-cpu', { load: () => Promise.resolve(module) }))).toContain('no setBackend');
  });

  it('survives a loader that throws something else than an Error', async () => {
    const load = (): Promise<never> => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is being tested
      throw 'broken';
    };
    expect(await messageOf(loadTfjs('tfjs-cpu', { load }))).toContain('broken');
  });

  it('refuses an unknown name', async () => {
    await expect(loadTfjs('tfjs' as TfjsName)).rejects.toThrow(`expected one of ${TFJS_NAMES.join(', ')}`);
  });
});

it('the type of a module is that of tfjs-core', () => {
  expectTypeOf<typeof tfc>().toExtend<TfjsModule<tfc.Tensor, tfc.Tensor4D>>();
});
