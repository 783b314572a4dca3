import { ortBackend } from '@ntk/backend-ort';
import { denseNetwork } from '@ntk/models';
import { Rng, cpuBackend } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { adam, sgd, train } from '@ntk/train';
import { expect, test } from 'vitest';

const ort = await ortBackend().catch((error: unknown) => {
  console.log(`skipped: training on ONNX Runtime (${error instanceof Error ? error.message : String(error)})`);
  return undefined;
});

for (const [name, optimizer] of [
  ['sgd', sgd({ learningRate: 0.05, momentum: 0.9 })],
  ['adam', adam({ learningRate: 0.01 })],
] as const) {
  test.skipIf(ort === undefined)(`${name} on ONNX Runtime follows the cpu backend`, async () => {
    const network = denseNetwork({ inputs: 2, hidden: [8, 8], outputs: 1, rng: new Rng(1), dtype: 'float64' });
    const rng = new Rng(2);
    const x = rng.normals(2 * 50);
    const y = Float64Array.from({ length: 50 }, (_, i) => Math.sin(x[2 * i]!) * x[2 * i + 1]!);
    const run = async (backend: ReturnType<typeof cpuBackend>): ReturnType<typeof train> =>
      train(
        network,
        { x, y },
        { backend, dtype: 'float64', epochs: 20, batchSize: 16, optimizer, rng: new Rng(3), validation: { x, y } },
      );
    const [expected, actual] = [await run(cpuBackend()), await run(ort!)];
    actual.network.values.forEach((values, i) => expectAllclose(values, expected.network.values[i]!, { atol: 1e-9 }));
    expect(actual.history.at(-1)!.validationLoss).toBeCloseTo(expected.history.at(-1)!.validationLoss!, 9);
  });
}
