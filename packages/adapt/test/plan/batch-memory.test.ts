import { adapt, planAdaptation, predictStored, storePosterior } from '@ntk/adapt';
import { expect, test, vi } from 'vitest';
import { makeProblem } from '../problem.ts';

test('what is predicted goes through the network in batches of the same memory as training examples', async () => {
  const n = 120;
  const { network, backend, x, y } = await makeProblem({ n, outputs: 4, hidden: [40, 40] });
  const options = { backend, noise: 0.1, priorVariance: 1, solver: 'cholesky', space: 'function' } as const;
  // Enough for what is kept, and too little for the factors of all examples at once; less than any process takes.
  const plan = { ...planAdaptation(network, n, options), memory: 2 ** 22 };
  using adapted = await adapt(network, { x, y }, { ...options, plan });
  const { batchSize } = adapted.linearization.memory;
  expect(batchSize).toBeLessThan(n);
  const compile = vi.spyOn(backend, 'compile');
  /** The most examples that the network took at once in what was compiled since the last time. */
  const largestBatch = (): number => {
    const programs = compile.mock.calls.map(([program]) => program);
    compile.mockClear();
    return Math.max(
      ...programs.flatMap(({ inputs }) =>
        inputs.filter(({ exampleAxis }) => exampleAxis === 0).map((i) => i.shape[0]!),
      ),
    );
  };
  await adapted.predict(x);
  expect(largestBatch()).toBe(batchSize);
  const stored = await storePosterior(adapted, { variance: { kind: 'none' } });
  await predictStored(stored, x, { backend, memory: plan.memory });
  expect(largestBatch()).toBe(batchSize);
});
