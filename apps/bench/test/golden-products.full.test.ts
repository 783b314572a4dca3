import { openReference } from '@ntk/reference';
import { cpuBackend } from '@ntk/tensor';
import { describe, vi } from 'vitest';
import { testGoldenProducts } from './golden-products-suite.ts';

vi.setConfig({ testTimeout: 900_000 });

for (const model of ['mnist_cnn', 'resnet20']) {
  const reference = openReference(model);
  describe.skipIf(reference === undefined)(`golden products of ${model}`, () => {
    for (const dtype of ['float64', 'float32'] as const) {
      testGoldenProducts(reference!, { backend: 'cpu', open: () => Promise.resolve(cpuBackend()), dtype });
    }
  });
}
