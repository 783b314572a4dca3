import { GPU } from 'gpu.js';
import { cpuBackend, ProgramBuilder, Rng, sizeOf, type Backend, type Program } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { gpujsBackend, type GpuInstance } from '@ntk/backend-gpujs';

function build(emit: (b: ProgramBuilder) => void): Program {
  const b = new ProgramBuilder('test');
  emit(b);
  return b.build();
}

async function evaluate(backend: Backend, program: Program): Promise<Float32Array[]> {
  using executable = await backend.compile(program, { dtype: 'float32' });
  const rng = new Rng(3);
  const inputs = program.inputs.map(({ shape }) =>
    backend.upload(Float32Array.from(rng.normals(sizeOf(shape))), shape),
  );
  const outputs = await backend.run(executable, inputs);
  return Promise.all(outputs.map(async (output) => (await backend.read(output)) as Float32Array));
}

const product = (m: number, k: number, n: number): Program =>
  build((b) => b.output('y', b.matmul(b.input('a', [m, k]), b.input('b', [k, n]))));

describe.each(['cpu', 'webasm'] as const)('mode %s', (mode) => {
  it('adds up more than the thousand terms at which gpu.js stops by default', async () => {
    const program = build((b) => {
      const [x, y] = [b.input('x', [2, 3000]), b.input('y', [3000, 2])];
      b.output('xy', b.matmul(x, y));
      b.output('sum', b.sum(x, [1]));
      b.output('all', b.sum(y, [0, 1]));
    });
    using backend = gpujsBackend(new GPU({ mode }));
    const actual = await evaluate(backend, program);
    const expected = await evaluate(cpuBackend(), program);
    actual.forEach((data, i) => expectAllclose(data, expected[i]!, { rtol: 1e-4, atol: 1e-3 }));
  });

  it('makes one kernel for each operation, whatever the sizes', async () => {
    const gpu = new GPU({ mode });
    using backend = gpujsBackend(gpu);
    for (const [m, k, n] of [
      [2, 3, 4],
      [5, 1, 7],
      [1, 9, 1],
      [2, 3, 4],
    ] as const) {
      const [y] = await evaluate(backend, product(m, k, n));
      const [expected] = await evaluate(cpuBackend(), product(m, k, n));
      expectAllclose(y!, expected!, { rtol: 1e-5, atol: 1e-5 });
    }
    expect(backend.kernels).toBe(1);
    expect((gpu as unknown as { kernels: unknown[] }).kernels).toHaveLength(1);
  });

  it('lets runs overlap', async () => {
    using backend = gpujsBackend(new GPU({ mode }));
    const programs = [2, 5, 3].map((m) => product(m, 4, m));
    const together = await Promise.all(programs.map((program) => evaluate(backend, program)));
    for (const [i, program] of programs.entries()) {
      const [expected] = await evaluate(cpuBackend(), program);
      expectAllclose(together[i]![0]!, expected!, { rtol: 1e-5, atol: 1e-5 });
    }
  });
});

/** A GPU whose kernels give zeros, later. */
function slowGpu(log: string[]): GpuInstance {
  return {
    mode: 'webgpu',
    createKernel: () => {
      let extents: number[] = [];
      const kernel = (): Promise<Float32Array[][]> => {
        const [x, y, z] = extents as [number, number, number];
        const planes = Array.from({ length: z }, () => Array.from({ length: y }, () => new Float32Array(x)));
        return new Promise((resolve) => setTimeout(() => resolve(planes), 1));
      };
      return Object.assign(kernel, {
        setOutput: (given: number[]) => (extents = given),
        destroy: () => log.push('destroyed'),
      });
    },
  };
}

describe('a backend', () => {
  it('waits for kernels that answer by promises', async () => {
    const backend = gpujsBackend(slowGpu([]));
    const [small, large] = await Promise.all([
      evaluate(backend, product(1, 2, 1)),
      evaluate(backend, product(3, 2, 3)),
    ]);
    expect([small[0]!.length, large[0]!.length]).toEqual([1, 9]);
  });

  it('destroys its kernels, and is then of no use', async () => {
    const log: string[] = [];
    const backend = gpujsBackend(slowGpu(log));
    await evaluate(backend, product(1, 2, 1));
    backend.destroy();
    expect(log).toEqual(['destroyed']);
    expect(backend.kernels).toBe(0);
    await expect(evaluate(backend, product(1, 2, 1))).rejects.toThrow('after it was destroyed');
  });

  it('refuses what is no linear algebra', async () => {
    const backend = gpujsBackend(slowGpu([]));
    const program = build((b) => b.output('y', b.unary('tanh', b.input('x', [2]))));
    await expect(backend.compile(program, { dtype: 'float32' })).rejects.toThrow(
      /gpujs: got the primitive 'tanh' in test, expected one of .*matmul.*; gpu.js runs linear algebra/,
    );
  });

  it('refuses more elements than it can count', async () => {
    const backend = gpujsBackend(slowGpu([]));
    await expect(backend.compile(product(1, 5000, 5000), { dtype: 'float32' })).rejects.toThrow(
      'gpujs: got a value of 25000000 elements in test, expected at most 16777216',
    );
  });

  it('refuses a disposed executable and that of another backend', async () => {
    const [backend, other] = [gpujsBackend(slowGpu([])), gpujsBackend(slowGpu([]))];
    const program = build((b) => b.output('y', b.neg(b.input('x', [1]))));
    const executable = await backend.compile(program, { dtype: 'float32' });
    await expect(other.run(executable, [other.upload(Float32Array.of(1), [1])])).rejects.toThrow('belongs to gpujs');
    executable.dispose();
    await expect(backend.run(executable, [backend.upload(Float32Array.of(1), [1])])).rejects.toThrow('disposed');
  });

  it('shares no memory with what was uploaded', async () => {
    const backend = gpujsBackend(slowGpu([]));
    const program = build((b) => b.output('y', b.reshape(b.input('x', [2]), [2, 1])));
    using executable = await backend.compile(program, { dtype: 'float32' });
    const data = Float32Array.of(1, 2);
    const [y] = await backend.run(executable, [backend.upload(data, [2])]);
    data.fill(7);
    expect([...(await backend.read(y!))]).toEqual([1, 2]);
  });
});
