import type * as ortNode from 'onnxruntime-node';
import { cpuBackend, ProgramBuilder, type Backend } from '@ntk/tensor';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { loadOrt, ortBackend, type OrtModule } from '@ntk/backend-ort';

function failing(message: string, code?: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(message), code === undefined ? {} : { code }));
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).name).toBe('UnsupportedError');
  return (error as Error).message;
}

describe('loadOrt', () => {
  it('gives a module with sessions and tensors', async () => {
    const ort = await loadOrt();
    expect(ort.Tensor).toBeTypeOf('function');
    expectTypeOf<typeof ortNode>().toExtend<OrtModule>();
  });

  it('takes a CommonJS module behind default', async () => {
    const ort = await loadOrt();
    expect(await loadOrt(() => Promise.resolve({ default: ort }))).toBe(ort);
  });

  it('says how to install what is missing', async () => {
    const missing = failing(
      "Cannot find package 'onnxruntime-node' imported from /app/index.js",
      'ERR_MODULE_NOT_FOUND',
    );
    const message = await messageOf(loadOrt(missing));
    expect(message).toContain('onnxruntime-node');
    expect(message).toContain("Cannot find package 'onnxruntime-node'");
    expect(message).toContain('npm install onnxruntime-node@1.30.0');
    expect(message).toContain('another backend');
  });

  it('says that a machine has no build, in one line', async () => {
    const noBuild = failing(
      "Cannot find module '../bin/napi-v6/darwin/x64/onnxruntime_binding.node'\nRequire stack:\n- /app/binding.js",
      'MODULE_NOT_FOUND',
    );
    const message = await messageOf(loadOrt(noBuild));
    expect(message).toContain(`${process.platform}-${process.arch}`);
    expect(message).toContain('It has builds for');
    expect(message).not.toContain('\n');
  });

  it('survives a loader that throws something else than an Error', async () => {
    const load = (): Promise<never> => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is being tested
      throw 'broken';
    };
    expect(await messageOf(loadOrt(load))).toContain('broken');
  });

  it.each([[null], [{}], [{ default: {} }], [42]])('refuses %j as a module', async (module) => {
    expect(await messageOf(loadOrt(() => Promise.resolve(module)))).toContain('no InferenceSession');
  });
});

describe('ortBackend', () => {
  it('runs on a module handed in', async () => {
    const ort = await loadOrt();
    let created = 0;
    const counted: OrtModule = {
      Tensor: ort.Tensor,
      InferenceSession: { create: (model, options) => (created++, ort.InferenceSession.create(model, options)) },
    };
    const backend = await ortBackend({ ort: counted });
    const b = new ProgramBuilder('double');
    const x = b.input('x', [2]);
    b.output('y', b.add(x, x));
    using executable = await backend.compile(b.build(), { dtype: 'float64' });
    const [y] = await backend.run(executable, [backend.upload(Float64Array.of(1, 2), [2])]);
    expect(await backend.read(y!)).toEqual(Float64Array.of(2, 4));
    expect(created).toBe(1);
  });

  it('lets an application fall back in one expression', async () => {
    const unavailable = loadOrt(failing('no binary'));
    const backend: Backend = await unavailable.then((ort) => ortBackend({ ort })).catch(() => cpuBackend());
    expect(backend.name).toBe('cpu');
  });

  it.each([
    [{ threads: 0 }, 'threads 0'],
    [{ threads: 1.5 }, 'threads 1.5'],
    [{ cachedPrograms: -1 }, 'cachedPrograms -1'],
    [{ cachedBytes: NaN }, 'cachedBytes NaN'],
  ])('refuses %j', async (options, what) => {
    await expect(ortBackend(options)).rejects.toThrow(what);
  });
});
