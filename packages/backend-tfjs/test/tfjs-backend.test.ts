import { ProgramBuilder, type Backend, type Program } from '@ntk/tensor';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tfjsBackend } from '@ntk/backend-tfjs';
import { onEngine } from './engine.ts';

const tf = await onEngine('cpu');
let backend: Backend;
let before: number;

beforeAll(async () => {
  backend = await tfjsBackend(tf);
});

beforeEach(() => {
  before = tf.memory().numTensors;
});

const live = (): number => tf.memory().numTensors - before;

/** tanh, `depth` times, plus a constant. */
function chain(depth: number): Program {
  const b = new ProgramBuilder('chain');
  let x = b.input('x', [4]);
  for (let i = 0; i < depth; i++) x = b.unary('tanh', x);
  b.output('y', b.add(x, b.scalar(1)));
  return b.build();
}

describe('memory', () => {
  it('holds the constants of an executable and the outputs, and nothing else', async () => {
    const executable = await backend.compile(chain(3), { dtype: 'float32' });
    const x = backend.upload(new Float32Array(4), [4]);
    expect(live()).toBe(2);
    const outputs = [];
    for (let i = 0; i < 10; i++) outputs.push(...(await backend.run(executable, [x])));
    expect(live()).toBe(12);
    executable.dispose();
    executable.dispose();
    expect(live()).toBe(11);
    await expect(backend.run(executable, [x])).rejects.toThrow('disposed');
    [x, ...outputs].forEach((tensor) => tensor.dispose());
    expect(live()).toBe(0);
  });

  it('frees every value after its last use', async () => {
    let most = 0;
    const watched = {
      ...tf,
      tanh: (x: ReturnType<typeof tf.tensor>) => {
        most = Math.max(most, live());
        return tf.tanh(x);
      },
    };
    const own = await tfjsBackend(watched);
    using executable = await own.compile(chain(50), { dtype: 'float32' });
    using x = own.upload(new Float32Array(4), [4]);
    const [y] = await own.run(executable, [x]);
    y!.dispose();
    // The input, the constant, and the value that is being read.
    expect(most).toBe(3);
  });

  it('frees what a run made before it failed', async () => {
    const b = new ProgramBuilder('gather');
    const [x, indices] = [b.input('x', [4]), b.input('indices', [2])];
    b.output('y', b.gather(b.unary('exp', x), b.unary('abs', indices), 0));
    using executable = await backend.compile(b.build(), { dtype: 'float32' });
    const inputs = [backend.upload(new Float32Array(4), [4]), backend.upload(Float32Array.of(0, 9), [2])];
    const tensors = live();
    await expect(backend.run(executable, inputs)).rejects.toThrow('9');
    expect(live()).toBe(tensors);
    inputs.forEach((tensor) => tensor.dispose());
  });

  it('shares none with what was uploaded', async () => {
    const b = new ProgramBuilder('views');
    const x = b.input('x', [2]);
    b.output('x', x);
    b.output('reshaped', b.reshape(x, [2, 1]));
    using executable = await backend.compile(b.build(), { dtype: 'float32' });
    const data = Float32Array.of(1, 2);
    const uploaded = backend.upload(data, [2]);
    const outputs = await backend.run(executable, [uploaded]);
    uploaded.dispose();
    data.fill(7);
    for (const output of outputs) expect([...(await backend.read(output))]).toEqual([1, 2]);
    outputs.forEach((output) => output.dispose());
  });

  it('survives the tidy of a caller', async () => {
    using executable = await backend.compile(chain(1), { dtype: 'float32' });
    const pending: Promise<unknown>[] = [];
    tf.tidy(() => {
      const x = backend.upload(new Float32Array(4), [4]);
      pending.push(backend.run(executable, [x]).then(async ([y]) => [x, y!, await backend.read(y!)]));
    });
    const [[x, y, data]] = (await Promise.all(pending)) as [[Disposable, Disposable, Float32Array]];
    expect([...data]).toEqual([1, 1, 1, 1]);
    x[Symbol.dispose]();
    y[Symbol.dispose]();
  });
});

describe('the engine', () => {
  it('must stay what it was', async () => {
    using executable = await backend.compile(chain(1), { dtype: 'float32' });
    using x = backend.upload(new Float32Array(4), [4]);
    await tf.setBackend('wasm');
    await expect(backend.run(executable, [x])).rejects.toThrow(
      'tfjs-cpu: TensorFlow.js was set to wasm meanwhile, expected cpu',
    );
    await tf.setBackend('cpu');
    (await backend.run(executable, [x])).forEach((tensor) => tensor.dispose());
  });

  it('must have 32 bits', async () => {
    const mobile = { ...tf, getBackend: () => 'webgl', backend: () => ({ floatPrecision: () => 16 as const }) };
    await expect(tfjsBackend(mobile)).rejects.toThrow('tfjs-webgl: this device computes in 16 bits, expected 32');
  });

  it('says where its tensors lie', async () => {
    expect(backend.supports.deviceResident).toBe(false);
    const onDevice = await tfjsBackend({ ...tf, getBackend: () => 'webgpu' });
    expect(onDevice.name).toBe('tfjs-webgpu');
    expect(onDevice.supports.deviceResident).toBe(true);
  });
});

it('refuses the executable of another backend', async () => {
  const other = await tfjsBackend(tf);
  using executable = await other.compile(chain(1), { dtype: 'float32' });
  using x = backend.upload(new Float32Array(4), [4]);
  await expect(backend.run(executable, [x])).rejects.toThrow('belongs to tfjs-cpu');
});
