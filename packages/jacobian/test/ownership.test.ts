import {
  explicitJacobian,
  gaussianLikelihood,
  ggnOperator,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  ntkOperator,
  type Linearization,
} from '@ntk/jacobian';
import { Rng, cpuBackend, exampleShape, sizeOf, type Backend, type Network } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { networksOfAllForms } from './networks.ts';

const networks = networksOfAllForms();

/** Everything that a linearization offers, on batches of which the last is padded. */
async function useAll(network: Network, backend: Backend): Promise<void> {
  const rng = new Rng(1);
  const size = sizeOf(exampleShape(network));
  using l = await linearize(network, rng.normals(5 * size), { backend, batchSize: 3 });
  using other = await linearize(network, rng.normals(2 * size), { backend });
  await multiply(l);
  await kernelDiagonal(l);
  await kernelMatrix(l);
  await kernelMatrix(other, l);
  await explicitJacobian(l);
}

async function multiply(l: Linearization): Promise<void> {
  const operators = [l.jacobian, l.jacobian.transpose(), ntkOperator(l), await ggnOperator(l, gaussianLikelihood(0.1))];
  for (const operator of operators) {
    const columns = operator.shape[1];
    using x = l.backend.upload(new Float64Array(2 * columns).fill(1), [2, columns]);
    using product = await operator.matmul(x);
    expect(product.shape).toEqual([2, operator.shape[0]]);
    operator.dispose();
  }
}

type Call = 'upload' | 'compile' | 'run' | 'read';

/** The cpu backend whose n-th call of one kind fails. */
function failing(kind: Call, n: number): { readonly backend: Backend; readonly calls: () => number } {
  const inner = cpuBackend();
  let calls = 0;
  const count = (call: Call): void => {
    if (call === kind && calls++ === n) throw new Error('this call fails');
  };
  const backend: Backend = {
    ...inner,
    upload: (data, shape) => {
      count('upload');
      return inner.upload(data, shape);
    },
    compile: async (program, options) => {
      count('compile');
      return inner.compile(program, options);
    },
    run: async (executable, inputs) => {
      count('run');
      return inner.run(executable, inputs);
    },
    read: async (tensor) => {
      count('read');
      return inner.read(tensor);
    },
  };
  return { backend, calls: () => calls };
}

const chosen = ['dense', 'many outputs', 'a parameter that is transformed before its use'];

describe.each(chosen)('%s', (name) => {
  const network = networks[name]!;

  test('nothing is left after dispose', async () => {
    const backend = trackTensors(cpuBackend());
    await useAll(network, backend);
    expect(backend.describeLive()).toEqual([]);
    expect(backend.liveExecutables).toBe(0);
  });

  test.each(['upload', 'compile', 'run', 'read'] as const)(
    'nothing is left when a call of %s fails, whichever it is',
    async (kind) => {
      const all = failing(kind, Infinity);
      await useAll(network, trackTensors(all.backend));
      for (let n = 0; n < all.calls(); n++) {
        const backend = trackTensors(failing(kind, n).backend);
        await expect(useAll(network, backend)).rejects.toThrow('this call fails');
        expect(backend.describeLive(), `call ${n}`).toEqual([]);
        expect(backend.liveExecutables).toBe(0);
      }
    },
  );

  test('what failed once may be tried again', async () => {
    const size = sizeOf(exampleShape(network));
    for (const kind of ['compile', 'run', 'read'] as const) {
      for (let n = 1; n < 8; n++) {
        const { backend } = failing(kind, n);
        const inputs = new Rng(2).normals(3 * size);
        const l = await linearize(network, inputs, { backend, batchSize: 2 }).catch(() => undefined);
        if (l === undefined) continue;
        using linearization = l;
        const attempts = [];
        for (let i = 0; i < 3; i++) attempts.push(await kernelMatrix(linearization).catch(() => undefined));
        const done = attempts.filter((kernel) => kernel !== undefined);
        expect(done.length).toBeGreaterThanOrEqual(2);
        expect(done[1]).toEqual(done[0]);
      }
    }
  });

  test('after dispose nothing works', async () => {
    const backend = cpuBackend();
    const l = await linearize(network, new Float64Array(sizeOf(exampleShape(network))), { backend });
    l.dispose();
    l.dispose();
    using v = backend.upload(new Float64Array(l.p), [1, l.p]);
    const owner = { name: 'OwnershipError' };
    await expect(l.jacobian.matmul(v)).rejects.toMatchObject(owner);
    await expect(kernelMatrix(l)).rejects.toMatchObject(owner);
    await expect(backend.read(l.outputs)).rejects.toMatchObject(owner);
  });
});

test('a dispose while a Program is being compiled leaves nothing', async () => {
  const inner = cpuBackend();
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  let isSlow = false;
  const slow: Backend = {
    ...inner,
    compile: async (program, options) => {
      if (isSlow) await gate;
      return inner.compile(program, options);
    },
  };
  const backend = trackTensors(slow);
  const network = networks['dense']!;
  const l = await linearize(network, new Float64Array(6), { backend });
  isSlow = true;
  const pending = kernelMatrix(l);
  l.dispose();
  release();
  await expect(pending).rejects.toMatchObject({ name: 'OwnershipError' });
  expect(backend.describeLive()).toEqual([]);
  expect(backend.liveExecutables).toBe(0);
});
