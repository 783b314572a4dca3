import { describe, expect, it } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';
import { ProgramBuilder, Rng, allocate, asDType } from '@ntk/tensor';

// ONNX Runtime's ScatterND loses updates of one place when two threads add to it; no such loss may reach a gradient.
describe('scatterAdd', () => {
  const count = 1_000_000;

  it.each(['float32', 'float64'] as const)(
    'adds a million entries to three places exactly on two threads in %s',
    async (dtype) => {
      const backend = await ortBackend({ threads: 2 });
      const rng = new Rng(1);
      const indices = asDType(
        Float64Array.from({ length: count }, () => rng.integer(3)),
        dtype,
      );
      const b = new ProgramBuilder('scatter');
      const x = b.input('x', [count, 2]);
      b.output('y', b.scatterAdd(x, b.input('indices', [count]), { axis: 0, extent: 4 }));
      const want = [0, 0, 0, 0, 0, 0, 0, 0];
      indices.forEach((index) => {
        want[2 * index] = want[2 * index]! + 1;
        want[2 * index + 1] = want[2 * index + 1]! + 1;
      });
      using executable = await backend.compile(b.build(), { dtype });
      using ones = backend.upload(allocate(dtype, 2 * count).fill(1), [count, 2]);
      using places = backend.upload(indices, [count]);
      for (let run = 0; run < 3; run++) {
        const [output] = await backend.run(executable, [ones, places]);
        using owned = output!;
        expect([...(await backend.read(owned))]).toEqual(want);
      }
    },
  );
});
