import {
  cpuBackend,
  ProgramBuilder,
  Rng,
  sizeOf,
  unitRoundoff,
  type Backend,
  type DType,
  type Program,
  type TypedArray,
} from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';

const ort = await ortBackend();
const cpu = cpuBackend();

async function evaluate(
  backend: Backend,
  program: Program,
  dtype: DType,
  data: readonly TypedArray[],
): Promise<TypedArray[]> {
  using executable = await backend.compile(program, { dtype });
  const inputs = data.map((array, i) => backend.upload(array, program.inputs[i]!.shape));
  const outputs = await backend.run(executable, inputs);
  return Promise.all(outputs.map((tensor) => backend.read(tensor)));
}

/** Runs a Program on both backends, in both dtypes, on normal data, and compares relative to the largest element. */
async function agree(build: (b: ProgramBuilder) => void): Promise<void> {
  const b = new ProgramBuilder('case');
  build(b);
  const program = b.build();
  for (const dtype of ['float32', 'float64'] as const) {
    const rng = new Rng(7);
    const data = program.inputs.map(({ shape }) => {
      const values = Array.from({ length: sizeOf(shape) }, () => rng.normal());
      return dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
    });
    const got = await evaluate(ort, program, dtype, data);
    const expected = await evaluate(cpu, program, dtype, data);
    got.forEach((array, i) => {
      expect(array.constructor).toBe(expected[i]!.constructor);
      expect(array.length).toBe(expected[i]!.length);
      const wanted = Array.from(expected[i]!);
      const scale = Math.max(1, ...wanted.map(Math.abs));
      const worst = Math.max(0, ...wanted.map((x, j) => Math.abs(array[j]! - x)));
      expect(worst / scale).toBeLessThan(50 * unitRoundoff(dtype));
    });
  }
}

describe('matmul', () => {
  const flags = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));
  const batches: [string, number[], number[]][] = [
    ['of matrices', [], []],
    ['with leading extents 1', [1], [1]],
    ['with leading extents 1 on one side', [1, 1], []],
    ['of a batch with one matrix', [3], []],
    ['of one matrix with a batch', [], [3]],
    ['of two batches', [3], [3]],
    ['of batches that broadcast', [2, 1], [3]],
    ['of a batch with a matrix of leading extent 1', [3], [1]],
    ['of an empty batch', [0], []],
  ];
  for (const [what, left, right] of batches) {
    it.each(flags)(`${what}, %o`, async ({ transposeA, transposeB }) => {
      await agree((b) => {
        const a = b.input('a', [...left, ...(transposeA ? [5, 4] : [4, 5])]);
        const c = b.input('c', [...right, ...(transposeB ? [6, 5] : [5, 6])]);
        b.output('product', b.matmul(a, c, { transposeA, transposeB }));
      });
    });
  }

  it.each([
    ['rows', [0, 5], [5, 6]],
    ['columns', [4, 5], [5, 0]],
    ['inner extent', [4, 0], [0, 6]],
    ['inner extent of a batch', [2, 4, 0], [2, 0, 6]],
  ])('without %s', async (_what, left, right) => {
    await agree((b) => b.output('product', b.matmul(b.input('a', left), b.input('c', right))));
  });
});

describe('masks', () => {
  it('equal, of numbers that are', async () => {
    await agree((b) => {
      const sign = b.unary('sign', b.input('x', [20]));
      b.output('y', b.binary('equal', sign, b.scalar(1)));
    });
  });

  it('where, on a comparison, on a number, and with broadcasting', async () => {
    await agree((b) => {
      const x = b.input('x', [4, 1]);
      const y = b.input('y', [5]);
      const greater = b.binary('greater', x, y);
      b.output('mask', greater);
      b.output('chosen', b.where(greater, x, y));
      b.output('number', b.where(b.unary('relu', x), x, b.scalar(-2)));
    });
  });
});

describe('reductions', () => {
  for (const op of ['sum', 'max'] as const) {
    it.each([[[0]], [[1]], [[2]], [[0, 2]], [[2, 0]], [[0, 1, 2]]])(`${op} over %j`, async (axes) => {
      await agree((b) => b.output('y', b[op](b.input('x', [3, 4, 5]), axes)));
    });

    it(`${op} of nothing, and over no axes`, async () => {
      await agree((b) => {
        const empty = b.input('empty', [0, 2]);
        const x = b.input('x', [2]);
        b.output('filled', b.where(b.binary('greater', b[op](empty, [0]), b.scalar(-1)), x, b.scalar(3)));
        b.output('still empty', b[op](empty, [1]));
        b.output('same', b.emit(op, [x], { axes: [] }));
      });
    });
  }
});

describe('shapes', () => {
  it('constant, scalar and empty', async () => {
    await agree((b) => {
      b.output('list', b.constant([1.5, -2, 1e-3], [3]));
      b.output('scalar', b.scalar(0.1));
      b.output('empty', b.constant([], [0, 2]));
      b.output('sum', b.add(b.scalar(0.1), b.scalar(0.2)));
    });
  });

  it('reshape, transpose, broadcastTo', async () => {
    await agree((b) => {
      const [x, one] = [b.input('x', [2, 3, 4]), b.input('one', [1, 2])];
      b.output('reshaped', b.reshape(x, [4, -1]));
      b.output('scalar', b.reshape(b.sum(x, [0, 1, 2]), [1, 1]));
      b.output('transposed', b.transpose(x, [2, 0, 1]));
      b.output('stretched', b.broadcastTo(b.reshape(x, [2, 1, 12]), [3, -1, 5, -1]));
      b.output('gone', b.broadcastTo(one, [0, 2]));
    });
  });

  it('broadcastTo of the same shape beside a reciprocal', async () => {
    await agree((b) => {
      const x = b.input('x', [2]);
      b.output('y', b.mul(b.div(b.scalar(1), b.unary('exp', x)), b.broadcastTo(b.neg(x), [-1])));
    });
  });

  it('concat, also of empty parts', async () => {
    await agree((b) => {
      const [x, y, empty] = [b.input('x', [2, 3]), b.input('y', [2, 2]), b.input('empty', [2, 0])];
      b.output('three', b.concat([x, empty, y], 1));
      b.output('one', b.concat([empty, y], 1));
      b.output('none', b.concat([empty, empty], 1));
    });
  });

  it.each([
    [0, 1, 3, 1],
    [1, 0, -1, 2],
    [1, 1, -1, 3],
    [2, 2, 2, 1],
    [2, 0, 1, 4],
  ])('slice along %i from %i to %i by %i', async (axis, start, end, step) => {
    await agree((b) => b.output('y', b.slice(b.input('x', [4, 5, 3]), axis, { start, end, step })));
  });

  it.each([
    [0, 1, 2, 1],
    [1, 0, 0, 3],
    [1, 2, 1, 3],
    [1, 0, 5, 2],
    [2, 1, 0, 2],
    [2, 0, 0, 1],
  ])('pad along %i with %i before, %i after, step %i', async (axis, before, after, step) => {
    await agree((b) => {
      const [x, empty] = [b.input('x', [2, 3, 4]), b.input('empty', [2, 0, 4])];
      b.output('y', b.pad(x, axis, { before, after, step }));
      b.output('from nothing', b.pad(empty, axis, { before, after: after + 1, step }));
    });
  });
});

describe('outputs', () => {
  it('may be inputs, repeat, or have no elements', async () => {
    await agree((b) => {
      const [x, empty] = [b.input('x', [3]), b.input('empty', [0])];
      const y = b.neg(x);
      b.output('input', x);
      b.output('value', y);
      b.output('again', y);
      b.output('reshaped', b.reshape(x, [3, 1]));
      b.output('empty input', empty);
      b.output('empty', b.neg(empty));
    });
  });

  it('may need no computation at all', async () => {
    await agree((b) => b.output('x', b.input('x', [3])));
  });
});
