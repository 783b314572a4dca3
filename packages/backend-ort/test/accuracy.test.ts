import {
  cpuBackend,
  ProgramBuilder,
  unitRoundoff,
  type Backend,
  type DType,
  type TypedArray,
  type UnaryPrimitive,
} from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';

const ort = await ortBackend();
const cpu = cpuBackend();

async function apply(backend: Backend, op: UnaryPrimitive, dtype: DType, x: TypedArray): Promise<TypedArray> {
  const b = new ProgramBuilder(op);
  b.output('y', b.unary(op, b.input('x', [x.length])));
  using executable = await backend.compile(b.build(), { dtype });
  const [y] = await backend.run(executable, [backend.upload(x, [x.length])]);
  return backend.read(y!);
}

function array(dtype: DType, values: readonly number[]): TypedArray {
  return dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
}

const grid = Array.from({ length: 8001 }, (_, i) => (i - 4000) / 200);
const tiny = Array.from({ length: 60 }, (_, i) => 2 ** -i).flatMap((x) => [x, -x]);
const points = [...grid, ...tiny];

/** The largest relative and absolute error, in units of roundoff, against the oracle in double precision on the same inputs. */
async function errors(
  op: UnaryPrimitive,
  dtype: DType,
  values: readonly number[],
): Promise<{ relative: number; absolute: number }> {
  const x = array(dtype, values);
  const y = await apply(ort, op, dtype, x);
  const exact = await apply(cpu, op, 'float64', Float64Array.from(x));
  const unit = unitRoundoff(dtype);
  const differences = Array.from(exact, (value, i) => Math.abs(y[i]! - value) / unit);
  const relative = differences.map((difference, i) => (difference === 0 ? 0 : difference / Math.abs(exact[i]!)));
  return { relative: Math.max(...relative), absolute: Math.max(...differences) };
}

/** Bounds in units of roundoff: 2⁻²⁴ = 6e-8 in float32, 2⁻⁵³ = 1.1e-16 in float64. */
const bounds: readonly (readonly [
  UnaryPrimitive,
  DType,
  { readonly relative?: number; readonly absolute?: number },
])[] = [
  ['exp', 'float32', { relative: 4 }],
  ['exp', 'float64', { relative: 8 }],
  ['tanh', 'float32', { relative: 16, absolute: 5 }],
  ['tanh', 'float64', { relative: 16, absolute: 10 }],
  ['sigmoid', 'float32', { relative: 8 }],
  ['sigmoid', 'float64', { relative: 8 }],
  ['erf', 'float32', { relative: 16, absolute: 5 }],
  ['erf', 'float64', { relative: 12 }],
  ['relu', 'float32', { absolute: 0 }],
  ['sign', 'float64', { absolute: 0 }],
];

describe('accuracy', () => {
  it.each(bounds)('%s in %s: %j', async (op, dtype, bound) => {
    const worst = await errors(op, dtype, points);
    expect(worst.relative).toBeLessThanOrEqual(bound.relative ?? Infinity);
    expect(worst.absolute).toBeLessThanOrEqual(bound.absolute ?? Infinity);
  });

  it.each(['log', 'sqrt'] as const)('%s of positive numbers', async (op) => {
    const positive = points.filter((x) => x > 0);
    for (const dtype of ['float32', 'float64'] as const)
      expect((await errors(op, dtype, positive)).relative).toBeLessThan(8);
  });
});

it('keeps all digits of a float64 product with a constant factor', async () => {
  const b = new ProgramBuilder('scaled product');
  const [x, y] = [b.input('x', [2, 3, 3]), b.input('y', [2, 3, 3])];
  b.output('z', b.mul(b.matmul(x, y), b.scalar(0.1)));
  const program = b.build();
  const ones = new Float64Array(18).fill(1);
  using executable = await ort.compile(program, { dtype: 'float64' });
  const [z] = await ort.run(executable, [ort.upload(ones, [2, 3, 3]), ort.upload(ones, [2, 3, 3])]);
  expect(await ort.read(z!)).toEqual(new Float64Array(18).fill(3 * 0.1));
});

describe('special values', () => {
  const special = [NaN, Infinity, -Infinity, 0, -800, 800];
  for (const op of ['neg', 'abs', 'sign', 'exp', 'log', 'sqrt', 'tanh', 'sigmoid', 'relu', 'erf'] as const) {
    it.each(['float32', 'float64'] as const)(`${op} in %s agrees with the oracle`, async (dtype) => {
      // A long array: the vectorised loops and their remainders must agree.
      const x = array(
        dtype,
        Array.from({ length: 67 }, (_, i) => special[i % special.length]!),
      );
      const y = await apply(ort, op, dtype, x);
      const expected = await apply(cpu, op, dtype, x);
      // Zeros of either sign are the same; sqrt(800) may differ in the last digit.
      y.forEach((value, i) => {
        if (Number.isFinite(expected[i]!))
          expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(4 * unitRoundoff(dtype) * Math.abs(expected[i]!));
        else expect(value).toBe(expected[i]);
      });
    });
  }

  it.each(['maximum', 'minimum', 'greater', 'greaterEqual', 'equal'] as const)(
    '%s with NaN and infinities agrees with the oracle',
    async (op) => {
      const b = new ProgramBuilder(op);
      b.output('y', b.binary(op, b.input('x', [6]), b.input('y', [6])));
      const program = b.build();
      for (const dtype of ['float32', 'float64'] as const) {
        const [x, y] = [
          array(dtype, [NaN, 1, Infinity, -Infinity, Infinity, NaN]),
          array(dtype, [1, NaN, -Infinity, 1, Infinity, NaN]),
        ];
        const results = [ort, cpu].map(async (backend) => {
          using executable = await backend.compile(program, { dtype });
          const [z] = await backend.run(executable, [backend.upload(x, [6]), backend.upload(y, [6])]);
          return backend.read(z!);
        });
        expect(await results[0]).toEqual(await results[1]);
      }
    },
  );

  it.each(['sum', 'max'] as const)('%s keeps NaN and infinities', async (op) => {
    const b = new ProgramBuilder(op);
    const x = b.input('x', [3, 20]);
    b.output('rows', b[op](x, [1]));
    b.output('columns', b[op](x, [0]));
    for (const dtype of ['float32', 'float64'] as const) {
      using executable = await ort.compile(b.build(), { dtype });
      const data = array(
        dtype,
        Array.from({ length: 60 }, (_, i) => (i === 25 ? NaN : i === 0 ? -Infinity : i)),
      );
      const [rows, columns] = await ort.run(executable, [ort.upload(data, [3, 20])]);
      expect((await ort.read(rows!))[0]).toBe(op === 'max' ? 19 : -Infinity);
      expect(Array.from(await ort.read(rows!), Number.isNaN)).toEqual([false, true, false]);
      expect(Array.from(await ort.read(columns!), Number.isNaN)).toEqual(Array.from({ length: 20 }, (_, i) => i === 5));
    }
  });
});
