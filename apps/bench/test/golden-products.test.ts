import { ortBackend } from '@ntk/backend-ort';
import { openReference } from '@ntk/reference';
import { cpuBackend, type Backend } from '@ntk/tensor';
import { describe, vi } from 'vitest';
import { testGoldenProducts } from './golden-products-suite.ts';

// A few seconds each on an idle machine.
vi.setConfig({ testTimeout: 180_000 });

const backends: Record<string, () => Promise<Backend>> = {
  cpu: () => Promise.resolve(cpuBackend()),
  ort: () => ortBackend(),
};

/** The cpu backend takes minutes for the larger networks: those are in the long suite. */
const models: Record<string, readonly string[]> = {
  sine_mlp: ['cpu', 'ort'],
  mlp2: ['cpu', 'ort'],
  small_resnet: ['cpu', 'ort'],
  mnist_cnn: ['ort'],
  resnet20: ['ort'],
};

for (const [model, names] of Object.entries(models)) {
  const reference = openReference(model);
  describe.skipIf(reference === undefined)(`golden products of ${model}`, () => {
    for (const backend of names) {
      const open = backends[backend]!;
      for (const dtype of ['float64', 'float32'] as const) testGoldenProducts(reference!, { backend, open, dtype });
      // The last batch is padded.
      testGoldenProducts(reference!, { backend, open, dtype: 'float64', batchSize: 3 });
    }
  });
}
