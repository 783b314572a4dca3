import {
  denseOperator,
  diagonalOperator,
  gemm,
  matrix,
  matrixOperator,
  productOperator,
  scaledOperator,
  stackOperator,
  sumOperator,
  syrk,
  transposeMatrix,
} from '@ntk/linop';
import {
  geometricSpectrum,
  matrixWithSpectrum,
  randomMatrix,
  roundedTo,
  testLinearOperator,
  uploadBlock,
} from '@ntk/linop/testing';
import { type DType, Rng, cpuBackend } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';

const rng = new Rng('operators');
const wide = randomMatrix(5, 9, rng);
const tall = randomMatrix(7, 9, rng);
const square = randomMatrix(9, 5, rng);
const definite = matrixWithSpectrum(geometricSpectrum(9, 100), rng);
const variances = Float64Array.from({ length: 9 }, () => 0.1 + rng.uniform());

describe.each<DType>(['float64', 'float32'])('in %s', (dtype) => {
  const a = roundedTo(wide, dtype);

  testLinearOperator(
    'dense',
    (backend) => {
      const tensor = uploadBlock(a, backend, dtype);
      return { operator: denseOperator(tensor), owned: [tensor] };
    },
    { expected: a },
  );

  testLinearOperator(
    'dense, transposed',
    (backend) => {
      const operator = matrixOperator(a, { backend, dtype });
      return { operator: operator.transpose(), owned: [operator] };
    },
    { expected: transposeMatrix(a) },
  );

  testLinearOperator(
    'dense, symmetric',
    (backend) => ({
      operator: matrixOperator(definite, { backend, dtype, tags: ['positive-definite'] }),
    }),
    { expected: definite },
  );

  testLinearOperator(
    'one by one',
    (backend) => ({
      operator: matrixOperator(matrix(1, 1, Float64Array.of(-2)), { backend, dtype, tags: ['diagonal'] }),
    }),
    { expected: matrix(1, 1, Float64Array.of(-2)) },
  );

  testLinearOperator('diagonal', (backend) => ({ operator: diagonalOperator(variances, { backend, dtype }) }), {
    expected: diagonalMatrix(variances),
  });

  testLinearOperator(
    'sum K + Σ',
    (backend) => {
      const K = matrixOperator(definite, { backend, dtype, tags: ['positive-definite'] });
      const noise = diagonalOperator(variances, { backend, dtype });
      return { operator: sumOperator([K, noise]), owned: [K, noise] };
    },
    { expected: plus(definite.data, diagonalMatrix(variances).data, 9) },
  );

  testLinearOperator(
    'scaled',
    (backend) => {
      const A = matrixOperator(a, { backend, dtype });
      return { operator: scaledOperator(A, -0.75), owned: [A] };
    },
    {
      expected: matrix(
        5,
        9,
        a.data.map((entry) => -0.75 * entry),
      ),
    },
  );

  testLinearOperator(
    'product J Jᵀ',
    (backend) => {
      const J = matrixOperator(a, { backend, dtype });
      const transpose = J.transpose();
      const operator = productOperator(J, transpose, { tags: ['positive-definite'] });
      return { operator, owned: [transpose, J] };
    },
    { expected: syrk(a) },
  );

  testLinearOperator(
    'product of different factors',
    (backend) => {
      const A = matrixOperator(a, { backend, dtype });
      const B = matrixOperator(square, { backend, dtype });
      return { operator: productOperator(A, B), owned: [A, B] };
    },
    { expected: gemm(a, square), roundings: 400 },
  );

  testLinearOperator(
    'stack',
    (backend) => {
      const parts = [wide, tall, wide].map((part) => matrixOperator(part, { backend, dtype }));
      return { operator: stackOperator(parts), owned: parts };
    },
    { expected: matrix(17, 9, Float64Array.of(...wide.data, ...tall.data, ...wide.data)) },
  );

  testLinearOperator(
    'stack of one',
    (backend) => {
      const part = matrixOperator(tall, { backend, dtype });
      return { operator: stackOperator([part]), owned: [part] };
    },
    { expected: tall },
  );

  testLinearOperator(
    'sum over shards JᵀJ',
    (backend) => {
      const parts = [wide, tall].map((part) => matrixOperator(part, { backend, dtype }));
      const J = stackOperator(parts);
      const transpose = J.transpose();
      const operator = productOperator(transpose, J, { tags: ['positive-definite'] });
      return { operator, owned: [transpose, J, ...parts] };
    },
    { expected: syrk(tall, { transposeA: true, addTo: syrk(wide, { transposeA: true }) }) },
  );
});

describe('tags and shapes of combinations', () => {
  const backend = cpuBackend();
  const K = matrixOperator(definite, { backend, tags: ['positive-definite'] });
  const noise = diagonalOperator(variances, { backend });
  const plain = matrixOperator(wide, { backend });

  it('keeps what all terms of a sum have, by implication too', () => {
    expect([...sumOperator([K, noise]).tags].sort()).toEqual(['positive-definite', 'symmetric']);
    expect([...sumOperator([noise, noise]).tags].sort()).toEqual(['diagonal', 'positive-definite', 'symmetric']);
    expect([...sumOperator([plain, plain]).tags]).toEqual([]);
    expect([...sumOperator([plain, plain], { tags: ['symmetric'] }).tags]).toEqual(['symmetric']);
  });

  it('drops definiteness under a negative scale and for negative diagonals', () => {
    expect(scaledOperator(K, -1).tags.has('positive-definite')).toBe(false);
    expect(scaledOperator(K, 2).tags.has('positive-definite')).toBe(true);
    expect(diagonalOperator(Float64Array.of(1, -1), { backend }).tags.has('positive-definite')).toBe(false);
  });

  it('rejects operands that do not fit, saying both sizes', () => {
    expect(() => sumOperator([K, plain])).toThrow(/9 × 9 and 5 × 9/);
    expect(() => sumOperator([])).toThrow(/no operators/);
    expect(() => productOperator(plain, plain)).toThrow(/5 × 9 times 5 × 9/);
    expect(() => stackOperator([plain, matrixOperator(square, { backend })])).toThrow(/9 and 5 columns/);
    expect(() => sumOperator([K, matrixOperator(definite, { backend, dtype: 'float32' })])).toThrow(
      /float64 and float32/,
    );
    expect(() => sumOperator([K, matrixOperator(definite, { backend: cpuBackend() })])).toThrow(/backends/);
    expect(() => denseOperator(backend.upload(new Float64Array(3), [3]))).toThrow(/\[3\]/);
  });

  it('rejects vectors of another dtype', async () => {
    using x = backend.upload(new Float32Array(9), [1, 9]);
    await expect(K.matmul(x)).rejects.toMatchObject({ name: 'DTypeError' });
  });
});

function diagonalMatrix(values: Float64Array): ReturnType<typeof matrix> {
  const result = matrix(values.length, values.length);
  values.forEach((value, i) => (result.data[i * values.length + i] = value));
  return result;
}

function plus(a: Float64Array, b: Float64Array, n: number): ReturnType<typeof matrix> {
  return matrix(
    n,
    n,
    a.map((entry, i) => entry + b[i]!),
  );
}
