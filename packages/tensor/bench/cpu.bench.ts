import { bench, describe } from 'vitest';
import { cpuBackend, ProgramBuilder, Rng, sizeOf, type DType, type Shape, type Value } from '@ntk/tensor';

const backend = cpuBackend();

/** A Program of one operation on random inputs, run and read back. */
function operation(
  name: string,
  shapes: readonly Shape[],
  emit: (b: ProgramBuilder) => Value,
  dtype: DType = 'float64',
): void {
  const b = new ProgramBuilder(name);
  shapes.forEach((shape, i) => b.input(`x${i}`, shape));
  b.output('y', emit(b));
  const program = b.build();
  const rng = new Rng(name);
  const draw = (shape: Shape): Float64Array => Float64Array.from({ length: sizeOf(shape) }, () => rng.uniform() + 0.5);
  const inputs = shapes.map((shape) => {
    const data = draw(shape);
    return backend.upload(dtype === 'float64' ? data : Float32Array.from(data), shape);
  });
  bench(
    name,
    async () => {
      using executable = await backend.compile(program, { dtype });
      const [output] = await backend.run(executable, inputs);
      await backend.read(output!);
      output!.dispose();
    },
    { time: 300, warmupTime: 100 },
  );
}

describe('matmul 200 x 200 x 200', () => {
  const square = [
    [200, 200],
    [200, 200],
  ];
  operation('a b', square, (b) => b.matmul(0, 1));
  operation('a bᵀ', square, (b) => b.matmul(0, 1, { transposeB: true }));
  operation('aᵀ b', square, (b) => b.matmul(0, 1, { transposeA: true }));
  operation('a b in float32', square, (b) => b.matmul(0, 1), 'float32');
  operation(
    'batch of 5000, 2 x 2 x 2',
    [
      [5000, 2, 2],
      [5000, 2, 2],
    ],
    (b) => b.matmul(0, 1),
  );
  operation(
    'one column',
    [
      [200, 200],
      [200, 1],
    ],
    (b) => b.matmul(0, 1),
  );
});

describe('elementwise, 200,000 elements', () => {
  operation(
    'same shapes',
    [
      [400, 500],
      [400, 500],
    ],
    (b) => b.add(0, 1),
  );
  operation('a row', [[400, 500], [500]], (b) => b.add(0, 1));
  operation(
    'a column',
    [
      [400, 500],
      [400, 1],
    ],
    (b) => b.mul(0, 1),
  );
  operation('a scalar', [[400, 500], []], (b) => b.mul(0, 1));
  operation('where', [[400, 500], [400, 500], []], (b) => b.where(0, 1, 2));
  operation('tanh', [[400, 500]], (b) => b.unary('tanh', 0));
  operation('erf', [[400, 500]], (b) => b.unary('erf', 0));
});

describe('reductions and movement, 200,000 elements', () => {
  operation('sum of rows', [[400, 500]], (b) => b.sum(0, [1]));
  operation('sum of columns', [[400, 500]], (b) => b.sum(0, [0]));
  operation('max of rows', [[400, 500]], (b) => b.max(0, [1]));
  operation('transpose', [[400, 500]], (b) => b.transpose(0, [1, 0]));
  operation('transpose of outer axes', [[20, 20, 500]], (b) => b.transpose(0, [1, 0, 2]));
  operation('broadcastTo', [[400, 1]], (b) => b.broadcastTo(0, [400, 500]));
  operation('slice', [[400, 1000]], (b) => b.slice(0, 1, { step: 2 }));
});
