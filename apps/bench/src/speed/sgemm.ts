import { ProgramBuilder, Rng, type Backend } from '@ntk/tensor';
import { time, type Timing } from './timing.ts';

/** A matrix product in float32, the yardstick of a run: its time, and its rate. */
export interface Sgemm {
  readonly timing: Timing;
  /** 10⁹ floating point operations a second, from the median. */
  readonly gflops: number;
}

/** Times a product 2,000 × 500 × 500 in float32 on a backend. */
export async function sgemm(backend: Backend): Promise<Sgemm> {
  const [m, k, n] = [2000, 500, 500] as const;
  const b = new ProgramBuilder('sgemm');
  b.output('c', b.matmul(b.input('a', [m, k]), b.input('b', [k, n])));
  using executable = await backend.compile(b.build(), { dtype: 'float32' });
  const rng = new Rng('sgemm');
  using left = backend.upload(new Float32Array(rng.normals(m * k)), [m, k]);
  using right = backend.upload(new Float32Array(rng.normals(k * n)), [k, n]);
  const timing = await time(async () => {
    const [product] = await backend.run(executable, [left, right]);
    await backend.read(product!);
    product!.dispose();
  });
  return { timing, gflops: (2 * m * k * n) / timing.median / 1e6 };
}
