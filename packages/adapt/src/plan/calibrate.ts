import { gemm, matrix, matrixOperator, tridiagonalize, type Matrix } from '@ntk/linop';
import { ProgramBuilder, Rng, allocate, cpuBackend, type Backend, type DType } from '@ntk/tensor';
import { directSolver } from '../fit/direct-solver.ts';
import { ratesOf, type Rates } from './rates.ts';

/**
 * Measures how fast this machine is with a backend: a table for plans that replaces the fixed one.
 *
 * Cost: some seconds.
 */
export async function calibrate(backend: Backend): Promise<Rates> {
  const fixed = ratesOf(backend);
  const { supports } = backend;
  return {
    products: {
      float64: supports.float64 ? await productRate(backend, 'float64') : fixed.products.float64,
      float32: supports.float32 ? await productRate(backend, 'float32') : fixed.products.float32,
    },
    cholesky: await choleskyRate(backend),
    host: await hostRate(),
    tridiagonal: await tridiagonalRate(),
    memory: await memoryRate(),
    start: await startTime(backend, supports.float32 ? 'float32' : 'float64'),
  };
}

/** The fastest of some runs, in seconds: what disturbs a run only makes it slower. */
async function fastest(runs: number, work: () => Promise<void> | void): Promise<number> {
  let best = Infinity;
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    await work();
    if (run > 0) best = Math.min(best, (performance.now() - start) / 1000); // the first one compiles
  }
  return best;
}

async function productRate(backend: Backend, dtype: DType): Promise<number> {
  const n = backend.name === 'cpu' ? 128 : 768;
  return n ** 3 / (await fastest(3, await square(backend, dtype, n)));
}

async function startTime(backend: Backend, dtype: DType): Promise<number> {
  return fastest(20, await square(backend, dtype, 4));
}

/** A product of two square matrices on a backend, read back. */
async function square(backend: Backend, dtype: DType, n: number): Promise<() => Promise<void>> {
  const b = new ProgramBuilder('calibrate');
  b.output('c', b.matmul(b.input('a', [n, n]), b.input('b', [n, n])));
  const program = b.build();
  return async () => {
    using executable = await backend.compile(program, { dtype });
    using left = backend.upload(allocate(dtype, n * n).fill(0.5), [n, n]);
    using right = backend.upload(allocate(dtype, n * n).fill(0.5), [n, n]);
    const [product] = await backend.run(executable, [left, right]);
    using owned = product!;
    await backend.read(owned);
  };
}

async function choleskyRate(backend: Backend): Promise<number> {
  const n = 1000;
  const a = dominant(n);
  const seconds = await fastest(2, async () => {
    using operator = matrixOperator(a, { backend: cpuBackend(), tags: ['positive-definite'] });
    (await directSolver(backend).init(operator)).dispose();
  });
  return n ** 3 / 6 / seconds;
}

async function hostRate(): Promise<number> {
  const n = 300;
  const a = dominant(n);
  return n ** 3 / (await fastest(3, () => void gemm(a, a)));
}

async function tridiagonalRate(): Promise<number> {
  const n = 400;
  const a = dominant(n);
  return ((2 / 3) * n ** 3) / (await fastest(2, () => void tridiagonalize(a)));
}

async function memoryRate(): Promise<number> {
  const from = new Float64Array(2 ** 22).fill(1);
  const to = new Float64Array(from.length);
  return (2 * from.byteLength) / (await fastest(5, () => to.set(from)));
}

/** A symmetric positive definite matrix. */
function dominant(n: number): Matrix {
  const rng = new Rng('calibrate');
  const a = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) a.data[i * n + j] = a.data[j * n + i] = rng.uniform() / n;
    a.data[i * n + i] = 2;
  }
  return a;
}
