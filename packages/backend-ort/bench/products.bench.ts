import { ProgramBuilder, type Program } from '@ntk/tensor';
import { bench, describe } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';
import { cotangent, tangent } from './mlp.ts';
import { prepare } from './prepared.ts';

// Compare with the product of the same run: shared machines vary.
const options = { warmupIterations: 3, iterations: 20, time: 0, warmupTime: 0, throws: true };

const backend = await ortBackend();

function product(left: readonly number[], right: readonly number[], transposeA = false): Program {
  const b = new ProgramBuilder('product');
  b.output('c', b.matmul(b.input('a', left), b.input('b', right), { transposeA }));
  return b.build();
}

const sizes = { n: 2000, inputs: 2, hidden: 500, outputs: 2 };

describe.each(['float32', 'float64'] as const)('%s', async (dtype) => {
  const programs: Record<string, readonly Program[]> = {
    'gemm 2000×500×500 (1.0 GFLOP)': [product([2000, 500], [500, 500])],
    'gemm 500×2000×500, first transposed': [product([2000, 500], [2000, 500], true)],
    'gemm 1024³ (2.1 GFLOP)': [product([1024, 1024], [1024, 1024])],
    'J Jᵀ u, MLP 2-500-500-2, n = 2000': [cotangent(sizes, 1), tangent(sizes, 1)],
    'J Jᵀ u of 8 right-hand sides': [cotangent(sizes, 8), tangent(sizes, 8)],
  };
  for (const [name, parts] of Object.entries(programs)) {
    const prepared = await Promise.all(parts.map((program) => prepare(backend, program, dtype)));
    bench(
      name,
      async () => {
        for (const part of prepared) await part.run();
      },
      options,
    );
  }
});
