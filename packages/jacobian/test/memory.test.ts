import {
  ProgramBuilder,
  Rng,
  asDType,
  cpuBackend,
  sizeOf,
  type Backend,
  type Network,
  type Program,
  type Tensor,
  type Value,
} from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { kernelMatrix, linearize, ntkOperator, type Linearization } from '@ntk/jacobian';
import { describe, expect, test } from 'vitest';
import { factorNumbers } from '../src/gram/kernel-cost.ts';
import { peakNumbers } from '../src/memory/program-memory.ts';
import { customNetwork, randomDense } from './networks.ts';

const N = 24;
const C = 5;
const rng = new Rng('memory');
const x = rng.normals(N * 8 * 8 * 3);
const SAME = { pads: [1, 1, 1, 1] };

/** Padding, convolutions and normalisations by fixed and by trained scales: everything that is folded. */
function convolutional(): Network {
  return customNetwork(
    [8, 8, 3],
    { w: [3, 3, 3, 6], gamma: [6], beta: [6], v: [3, 3, 6, 20], mean: [20], d: [20, C] },
    (b, images, { w, gamma, beta, v, mean, d }) => {
      const padded = b.pad(b.pad(images, 1, { before: 1, after: 1 }), 2, { before: 1, after: 1 });
      const normalized = b.add(b.mul(b.div(b.conv2d(padded, w!), b.scalar(3)), gamma!), beta!);
      const h = b.sub(b.conv2d(b.unary('relu', normalized), v!, SAME), mean!);
      return b.matmul(b.sum(b.unary('tanh', h), [1, 2]), d!);
    },
    rng,
  );
}

const network = convolutional();

/** J v, Jᵀu and J JᵀU for three right-hand sides. */
async function productsOf(l: Linearization): Promise<Float64Array[]> {
  const multiply = async (operator: Linearization['jacobian'], k: number): Promise<Float64Array> => {
    const data = new Rng(`${operator.shape[1]} ${k}`).normals(k * operator.shape[1]);
    using vector = l.backend.upload(asDType(data, l.dtype), [k, operator.shape[1]]);
    using product = await operator.matmul(vector);
    return Float64Array.from(await l.backend.read(product));
  };
  return [
    Float64Array.from(await l.backend.read(l.outputs)),
    await multiply(l.jacobian, 1),
    await multiply(l.jacobian.transpose(), 1),
    await multiply(ntkOperator(l), 3),
  ];
}

async function peakOf(backend: Backend, memoryBytes: number): Promise<Linearization['memory']> {
  using l = await linearize(network, x, { backend, memoryBytes });
  return l.memory;
}

describe('memory', () => {
  test('results are the same however little there is', async () => {
    const backend = trackTensors(cpuBackend());
    const whole = await linearize(network, x, { backend });
    const expected = await productsOf(whole);
    const kernel = await kernelMatrix(whole);
    const ways: string[] = [];
    for (let bytes = whole.memory.peakBytes; ; bytes = Math.floor(0.7 * bytes)) {
      let l: Linearization;
      try {
        l = await linearize(network, x, { backend, memoryBytes: bytes });
      } catch (error) {
        expect(error).toMatchObject({ name: 'OptionError' });
        break;
      }
      const { keepsBatches, storedWindows, convolutions, peakBytes } = l.memory;
      ways.push(keepsBatches ? `${storedWindows.size} of ${convolutions} windows` : 'batch by batch');
      expect(peakBytes).toBeLessThanOrEqual(bytes);
      (await productsOf(l)).forEach((product, i) => expect(relativeError(product, expected[i]!)).toBeLessThan(1e-12));
      if (!keepsBatches && !ways.slice(0, -1).includes('batch by batch'))
        expect(relativeError((await kernelMatrix(l)).data, kernel.data)).toBeLessThan(1e-12);
      l.dispose();
    }
    expect(ways).toEqual(expect.arrayContaining(['2 of 2 windows', 'batch by batch']));
    whole.dispose();
    expect(backend.describeLive()).toEqual([]);
  });

  test('an error says how much is needed, and that is enough', async () => {
    const backend = cpuBackend();
    const error = await linearize(network, x, { backend, memoryBytes: 1000 }).then(
      () => null,
      (reason: Error) => reason,
    );
    const [, needed] = /expected at least (\d+) for batches of 1 examples/.exec(error!.message)!;
    expect(error!.message).toMatch(/; allow that much, or choose fewer layers$/);
    const memory = await peakOf(backend, Number(needed));
    expect(memory).toMatchObject({ batchSize: 1, keepsBatches: false, columns: 1 });
    await expect(peakOf(backend, Number(needed) - 1)).rejects.toThrow(/expected at least/);
    await expect(linearize(network, x, { backend, memoryBytes: Number(needed), batchSize: 8 })).rejects.toThrow(
      /; allow that much, choose a smaller batchSize or fewer layers$/,
    );
  });

  test.each([0, -1, 0.5, NaN])('%s bytes are refused', async (memoryBytes) => {
    await expect(linearize(network, x, { backend: cpuBackend(), memoryBytes })).rejects.toThrow(
      /memoryBytes .*, expected a positive integer; leave it out for 4 GiB$/,
    );
  });

  test('what is alive never exceeds the plan', async () => {
    for (const share of [1, 0.5, 0.25]) {
      const ample = await peakOf(cpuBackend(), 2 ** 32);
      const { backend, peak } = measured(cpuBackend());
      using l = await linearize(network, x, { backend, memoryBytes: Math.floor(share * ample.peakBytes) });
      await productsOf(l);
      expect(peak()).toBeLessThanOrEqual(l.memory.peakBytes);
      // The plan is no mere guess on the safe side either: the engine's factor of 2, and what only an engine sees.
      expect(peak()).toBeGreaterThan(l.memory.keptBytes / 2);
    }
  });

  test('batches become smaller for the factors of a kernel, where these would take too much at once', async () => {
    const ample = await peakOf(cpuBackend(), 2 ** 32);
    const { backend, peak } = measured(cpuBackend());
    using l = await linearize(network, x, { backend, memoryBytes: ample.peakBytes });
    expect(l.memory.factorBatches.batchSize).toBeLessThan(ample.factorBatches.batchSize);
    expect(l.memory.factorBatches.batchSize).toBeLessThan(l.memory.batchSize);
    await kernelMatrix(l);
    // The factors of all batches, and those of two batches in tiles, come on top of what products need.
    const factors = 8 * l.factors.terms.reduce((sum, term) => sum + factorNumbers(term), 0);
    expect(peak()).toBeLessThanOrEqual(l.memory.peakBytes + (N + 2 * l.memory.batchSize) * factors);
  });

  test.each([
    { widths: [3, 60, 60, 2] },
    // Transposed activations are more than the coefficients that factors take the place of.
    { widths: [200, 5, 1], batchSize: 4 },
  ])('nor where products are made from factors: %o', async ({ widths, ...options }) => {
    const { backend, peak } = measured(cpuBackend());
    const inputs = new Rng(3).normals(100 * widths[0]!);
    using l = await linearize(randomDense(widths, rng), inputs, { backend, ...options });
    expect(l.factors.serveProducts).toBe(true);
    await productsOf(l);
    // Inputs are kept on the host.
    expect(peak() + inputs.byteLength).toBeLessThanOrEqual(l.memory.peakBytes);
    expect(peak()).toBeGreaterThan(l.memory.keptBytes / 2);
  });

  test('right-hand sides that do not fit together are multiplied in parts', async () => {
    const backend = cpuBackend();
    const ample = await peakOf(backend, 2 ** 32);
    using whole = await linearize(network, x, { backend });
    using narrow = await linearize(network, x, { backend, memoryBytes: Math.ceil(ample.peakBytes) });
    const k = narrow.memory.columns + 3;
    expect(whole.memory.columns).toBeGreaterThanOrEqual(k);
    using v = backend.upload(new Rng(2).normals(k * whole.p), [k, whole.p]);
    using expected = await whole.jacobian.matmul(v);
    using actual = await narrow.jacobian.matmul(v);
    expect(relativeError(await backend.read(actual), await backend.read(expected))).toBeLessThan(1e-13);
  });
});

/** A backend that counts the bytes of its tensors, and of the values inside a run. */
function measured(inner: Backend): { readonly backend: Backend; readonly peak: () => number } {
  let live = 0;
  let most = 0;
  const originals = new WeakMap<Tensor, Tensor>();
  const counted = (tensor: Tensor): Tensor => {
    let bytes = 8 * sizeOf(tensor.shape);
    live += bytes;
    most = Math.max(most, live);
    const dispose = (): void => {
      live -= bytes;
      bytes = 0;
      tensor.dispose();
    };
    const { shape, dtype } = tensor;
    const wrapped: Tensor = { shape, dtype, backend, dispose, [Symbol.dispose]: dispose };
    originals.set(wrapped, tensor);
    return wrapped;
  };
  const original = (tensor: Tensor): Tensor => originals.get(tensor)!;
  const backend: Backend = {
    ...inner,
    upload: (data, shape) => counted(inner.upload(data, shape)),
    run: async (executable, inputs) => {
      most = Math.max(most, live + 8 * valuesAtOnce(executable.program));
      return (await inner.run(executable, inputs.map(original))).map(counted);
    },
    read: (tensor) => inner.read(original(tensor)),
  };
  return { backend, peak: () => most };
}

/** The most values of a Program that are alive at once, by trying every moment. */
function valuesAtOnce({ inputs, nodes, outputs }: Program): number {
  const isNeeded = (value: Value, after: number): boolean =>
    outputs.some((output) => output.value === value) ||
    nodes.some((node, i) => i > after && node.inputs.includes(value));
  const moments = nodes.map((_, now) =>
    nodes.reduce((sum, { shape, op }, i) => {
      const isAlive = i <= now && (i === now || isNeeded(inputs.length + i, now - 1));
      return isAlive && op !== 'reshape' ? sum + sizeOf(shape) : sum;
    }, 0),
  );
  return Math.max(0, ...moments);
}

describe('peakNumbers', () => {
  test('counts values from where they are computed to where they are last read', () => {
    const b = new ProgramBuilder('chain');
    const [first, second] = [b.input('x', [10]), b.input('y', [10])];
    const sum = b.add(first, second); // 10
    const wide = b.broadcastTo(b.reshape(sum, [1, 10]), [3, 10]); // 10 + 30
    const back = b.sum(wide, [0]); // 30 + 10; the first sum is read no more
    b.output('z', b.neg(back)); // 20
    expect(peakNumbers(b.build(), 'float64')).toBe(40);
  });

  test('keeps what a reshape of it still needs, and outputs to the end', () => {
    const b = new ProgramBuilder('alias');
    const x0 = b.input('x', [6]);
    const y = b.neg(x0);
    const viewed = b.reshape(y, [2, 3]);
    const z = b.unary('exp', b.unary('tanh', x0));
    b.output('first', z);
    b.output('second', b.sum(viewed, [0]));
    expect(peakNumbers(b.build(), 'float64')).toBe(18);
  });

  test('counts the windows of convolutions in float64, which engines have in float32 alone', () => {
    const b = new ProgramBuilder('convolutions');
    const [images, filter] = [b.input('x', [2, 6, 6, 4]), b.input('w', [3, 3, 4, 5])];
    const responses = b.conv2d(images, filter); // [2, 4, 4, 5]
    b.output('y', responses);
    const forward = b.build();
    expect(peakNumbers(forward, 'float64') - peakNumbers(forward, 'float32')).toBe(2 * 16 * 9 * 4);
  });
});
