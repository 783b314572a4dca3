import type * as tfc from '@tensorflow/tfjs-core';
import { cpuBackend, ProgramBuilder, Rng, sizeOf, unitRoundoff, type Backend, type Program } from '@ntk/tensor';
import { drawInputs, expectAllclose, primitiveCases } from '@ntk/tensor/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { tfjsBackend } from '@ntk/backend-tfjs';

/** Outputs of a Program on float32 inputs, every tensor disposed. */
async function evaluate(backend: Backend, program: Program, inputs: readonly Float32Array[]): Promise<Float32Array[]> {
  using executable = await backend.compile(program, { dtype: 'float32' });
  const tensors = inputs.map((data, i) => backend.upload(data, program.inputs[i]!.shape));
  const outputs = await backend.run(executable, tensors);
  const results: Float32Array[] = [];
  for (const output of outputs) results.push(Float32Array.from(await backend.read(output)));
  [...tensors, ...outputs].forEach((tensor) => tensor.dispose());
  return results;
}

function build(emit: (b: ProgramBuilder) => void): Program {
  const b = new ProgramBuilder('test');
  emit(b);
  return b.build();
}

function normals(program: Program): Float32Array[] {
  const rng = new Rng(7);
  return program.inputs.map(({ shape }) => Float32Array.from(rng.normals(sizeOf(shape))));
}

/**
 * What the backend may call. Not among them: gradients (wrong or missing on wasm, as is pooling), Einsum and UnsortedSegmentSum (missing there),
 * Tile, BroadcastTo and StridedSlice (slow there), Erf, Maximum and Minimum (inaccurate, or deaf to NaN).
 */
const KERNELS: ReadonlySet<string> = new Set([
  ...['Abs', 'Exp', 'IsNan', 'Log', 'Neg', 'Relu', 'Sigmoid', 'Sign', 'Sqrt', 'Tanh'],
  ...['Add', 'Sub', 'Multiply', 'RealDiv', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual', 'LogicalOr', 'Select'],
  ...['BatchMatMul', 'Conv2D', 'DepthwiseConv2dNative', 'Sum', 'Max'],
  ...[
    'Cast',
    'Concat',
    'Fill',
    'GatherV2',
    'Identity',
    'PadV2',
    'Reshape',
    'Reverse',
    'ScatterNd',
    'Slice',
    'Transpose',
  ],
]);

/** What a cpu or wasm engine must do beyond the conformance suite. */
export function engineSuite(tf: typeof tfc): void {
  let backend: Backend;
  let before: number;
  beforeAll(async () => {
    backend = await tfjsBackend(tf);
    before = tf.memory().numTensors;
  });

  async function agree(emit: (b: ProgramBuilder) => void): Promise<void> {
    const program = build(emit);
    const inputs = normals(program);
    const actual = await evaluate(backend, program, inputs);
    const expected = await evaluate(cpuBackend(), program, inputs);
    actual.forEach((data, i) => expectAllclose(data, expected[i]!, { rtol: 1e-5, atol: 1e-5 }));
    expect(tf.memory().numTensors).toBe(before);
  }

  it('uses forward kernels that are there on every engine, and right', async () => {
    const rng = new Rng(1);
    const run = async (): Promise<tfc.Tensor> => {
      for (const testCase of primitiveCases) {
        const inputs = drawInputs(testCase, rng).map((data) => Float32Array.from(data));
        await evaluate(backend, testCase.program, inputs);
      }
      return tf.scalar(0);
    };
    const { kernelNames, result } = await tf.profile(run);
    tf.dispose(result);
    expect(kernelNames).toContain('Conv2D');
    expect(kernelNames.filter((name) => !KERNELS.has(name))).toEqual([]);
  });

  describe('ranks that engines do not have', () => {
    it('broadcasting along every other of eight axes', async () => {
      await agree((b) => {
        const x = b.input('x', [2, 1, 3, 1, 2, 1, 2, 1]);
        const y = b.input('y', [1, 2, 1, 2, 1, 3, 1, 2]);
        for (const op of ['add', 'div', 'maximum', 'greater'] as const) b.output(op, b.binary(op, x, y));
        b.output('where', b.where(b.binary('greater', x, b.scalar(0)), x, y));
        b.output('broadcastTo', b.broadcastTo(x, [-1, 2, -1, 2, -1, 3, -1, 2]));
      });
    });

    it.each([
      [[7, 6, 5, 4, 3, 2, 1, 0]],
      [[1, 0, 3, 2, 5, 4, 7, 6]],
      [[0, 2, 4, 6, 1, 3, 5, 7]],
      [[4, 5, 6, 7, 0, 1, 2, 3]],
    ])('transposing eight axes to %j', async (permutation) => {
      await agree((b) => b.output('y', b.transpose(b.input('x', [2, 3, 1, 2, 2, 3, 1, 2]), permutation)));
    });

    it('reductions, slices and pads of seven axes', async () => {
      await agree((b) => {
        const x = b.input('x', [2, 3, 2, 3, 2, 3, 2]);
        b.output('sum', b.sum(x, [0, 2, 4, 6]));
        b.output('max', b.max(x, [1, 3, 5]));
        b.output('slice', b.slice(x, 3, { start: 1, step: 2 }));
        b.output('pad', b.pad(x, 5, { before: 1, after: 2, step: 2 }));
        b.output('concat', b.concat([x, x], 4));
      });
    });

    it('products with six leading axes, of both, of either and of none', async () => {
      await agree((b) => {
        const x = b.input('x', [2, 1, 3, 2, 1, 1, 4, 3]);
        const y = b.input('y', [1, 3, 3, 1, 2, 1, 5, 4]);
        b.output('xy', b.matmul(x, y, { transposeA: true, transposeB: true }));
      });
    });
  });

  it('multiplies matrices of a batch that are large', async () => {
    await agree((b) => {
      const x = b.input('x', [2, 40, 9]);
      const y = b.input('y', [2, 9, 30]);
      b.output('xy', b.matmul(x, y));
      b.output('yx', b.matmul(y, x, { transposeA: true, transposeB: true }));
    });
  });

  it('multiplies by the same numbers in several shapes', async () => {
    await agree((b) => {
      const x = b.input('x', [12, 1]);
      const lefts = new Map([12, 1, 3, 4].map((inner) => [inner, b.input(`of ${inner}`, [5, inner])]));
      for (const [i, inner] of [12, 1, 3, 4, 1, 12, 3].entries()) {
        const right = b.reshape(x, [inner, 12 / inner]);
        // Each differs from the one before, so that none is left out as equal.
        b.output(`product ${i}`, b.matmul(b.mul(lefts.get(inner)!, b.scalar(i + 1)), right));
      }
    });
  });

  describe('convolutions', () => {
    it('with the same numbers as filters of several shapes', async () => {
      await agree((b) => {
        const numbers = b.input('w', [72]);
        const images = new Map([1, 2, 3, 4].map((c) => [c, b.input(`of ${c}`, [2, 6, 6, c])]));
        for (const shape of [
          [3, 3, 2, 4],
          [3, 3, 4, 2],
          [2, 3, 3, 4],
          [3, 2, 4, 3],
          [1, 6, 3, 4],
          [6, 3, 1, 4],
        ]) {
          const x = images.get(shape[2]!)!;
          const w = b.reshape(numbers, shape);
          const y = b.conv2d(x, w);
          b.output(`conv2d ${shape.join()}`, y);
          b.output(`conv2dTranspose ${shape.join()}`, b.conv2dTranspose(y, w, { size: [6, 6] }));
        }
      });
    });

    it.each([
      { kernel: 3, multiplier: 1, stride: 1, dilation: 1 },
      { kernel: 3, multiplier: 2, stride: 2, dilation: 1 },
      { kernel: 5, multiplier: 1, stride: 2, dilation: 1 },
      { kernel: 7, multiplier: 2, stride: 1, dilation: 1 },
      { kernel: 3, multiplier: 1, stride: 1, dilation: 2 },
      { kernel: 3, multiplier: 2, stride: 2, dilation: 2 },
    ])('depthwise, %o', async ({ kernel, multiplier, stride, dilation }) => {
      await agree((b) => {
        const moves = {
          strides: [stride, stride],
          dilations: [dilation, dilation],
          pads: [2, 3, 3, 2],
          groups: 20,
        };
        const x = b.input('x', [2, 9, 8, 20]);
        const w = b.input('w', [kernel, kernel, 1, 20 * multiplier]);
        const along = (size: number): number => Math.floor((size + 5 - dilation * (kernel - 1) - 1) / stride) + 1;
        const responses = b.input('responses', [2, along(9), along(8), 20 * multiplier]);
        b.output('y', b.conv2d(x, w, moves));
        b.output('x', b.conv2dTranspose(responses, w, { ...moves, size: [9, 8] }));
      });
    });

    it('keep NaN where windows read it, and nowhere else', async () => {
      const window = { kernel: [2, 3], strides: [2, 1], pads: [1, 1, 0, 2], dilations: [1, 2] };
      const program = build((b) => {
        const x = b.input('x', [1, 5, 6, 2]);
        const windows = b.patches(x, window);
        b.output('patches', windows);
        b.output('fold', b.fold(windows, { ...window, size: [5, 6] }));
        b.output('conv2d', b.conv2d(x, b.broadcastTo(b.scalar(1), [2, 3, 2, 1]), window));
      });
      const x = new Float32Array(60).fill(1);
      x[31] = NaN;
      const actual = await evaluate(backend, program, [x]);
      const expected = await evaluate(cpuBackend(), program, [x]);
      expect(expected.map((values) => values.filter(Number.isNaN).length)).toEqual([2, 1, 2]);
      actual.forEach((values, i) => expectAllclose(values, expected[i]!));
    });
  });

  it('adds up a million entries of one index', async () => {
    const program = build((b) => {
      const [x, indices] = [b.input('x', [1_000_000]), b.input('indices', [1_000_000])];
      b.output('sums', b.scatterAdd(x, indices, { axis: 0, extent: 2 }));
    });
    const ones = new Float32Array(1_000_000).fill(1);
    const [sums] = await evaluate(backend, program, [ones, ones]);
    expect([...sums!]).toEqual([0, 1_000_000]);
  });

  describe('NaN in every lane of 37', () => {
    const lanes = Array.from({ length: 37 }, (_, i) => i);
    const withNaN = (lane: number): Float32Array => Float32Array.from(lanes, (i) => (i === lane ? NaN : i - 18.5));

    it.each(['maximum', 'minimum', 'add', 'mul', 'div'] as const)('%s, on either side', async (op) => {
      const program = build((b) => {
        const [x, y] = [b.input('x', [37]), b.input('y', [37])];
        b.output('xy', b.binary(op, x, y));
        b.output('yx', b.binary(op, y, x));
        b.output('scalar', b.binary(op, x, b.scalar(1)));
      });
      for (const lane of lanes) {
        const outputs = await evaluate(backend, program, [withNaN(lane), new Float32Array(37).fill(1)]);
        for (const output of outputs) expect(lanes.filter((i) => Number.isNaN(output[i]))).toEqual([lane]);
      }
    });

    it.each(['neg', 'abs', 'sign', 'exp', 'tanh', 'sigmoid', 'relu', 'erf'] as const)('%s', async (op) => {
      const program = build((b) => b.output('y', b.unary(op, b.input('x', [37]))));
      for (const lane of lanes) {
        const [output] = await evaluate(backend, program, [withNaN(lane)]);
        expect(lanes.filter((i) => Number.isNaN(output![i]))).toEqual([lane]);
      }
    });

    it('max and sum, along either axis', async () => {
      const program = build((b) => {
        const x = b.input('x', [37, 1]);
        const block = b.mul(x, b.constant([1, 2, 3], [1, 3]));
        for (const op of ['max', 'sum'] as const) {
          b.output(`${op} of a column`, b[op](block, [0]));
          b.output(`${op} of a row`, b[op](b.transpose(block, [1, 0]), [1]));
          b.output(`${op} across`, b[op](block, [1]));
        }
      });
      for (const lane of lanes) {
        const outputs = await evaluate(backend, program, [withNaN(lane)]);
        for (const output of outputs) {
          const missing = [...output].flatMap((y, i) => (Number.isNaN(y) ? [i] : []));
          expect(missing).toEqual(output.length === 37 ? [lane] : [0, 1, 2]);
        }
      }
    });
  });

  describe('accuracy in units of roundoff, against double precision', () => {
    const grid = Array.from({ length: 8001 }, (_, i) => (i - 4000) / 200);
    const tiny = Array.from({ length: 60 }, (_, i) => 2 ** -i).flatMap((x) => [x, -x]);
    const x = Float32Array.from([...grid, ...tiny]);

    it.each([
      ['exp', 8],
      ['tanh', 16],
      ['sigmoid', 16],
      ['erf', 6],
    ] as const)('%s within %i', async (op, bound) => {
      const program = build((b) => b.output('y', b.unary(op, b.input('x', [x.length]))));
      const [y] = await evaluate(backend, program, [x]);
      const oracle = cpuBackend();
      using executable = await oracle.compile(program, { dtype: 'float64' });
      const [exact] = await oracle.run(executable, [oracle.upload(Float64Array.from(x), [x.length])]);
      const errors = Array.from(await oracle.read(exact!), (value, i) =>
        value === 0 ? Math.abs(y![i]!) : Math.abs(y![i]! / value - 1) / unitRoundoff('float32'),
      );
      expect(Math.max(...errors)).toBeLessThanOrEqual(bound);
    });
  });
}
