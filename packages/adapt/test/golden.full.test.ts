import { ortBackend } from '@ntk/backend-ort';
import { openReference } from '@ntk/reference';
import { cpuBackend } from '@ntk/tensor';
import { describe, vi } from 'vitest';
import { testGoldenPosterior } from './golden-suite.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

// Over 4,000 parameters for 32 or 48 rows: not what parameter space is for, but the golden values are there.
for (const model of ['mlp2', 'small_resnet']) {
  const reference = openReference(model);
  describe.skipIf(reference === undefined)(`${model} in parameter space`, () => {
    testGoldenPosterior(reference!, { backend: 'cpu', open: () => Promise.resolve(cpuBackend()), space: 'parameter' });
    testGoldenPosterior(reference!, { backend: 'ort', open: () => ortBackend(), space: 'parameter' });
  });
}

for (const model of ['sine_mlp', 'mlp2', 'small_resnet']) {
  const reference = openReference(model);
  describe.skipIf(reference === undefined)(`${model} by solvers on the cpu backend`, () => {
    for (const space of ['cg', 'lsmr'] as const)
      testGoldenPosterior(reference!, { backend: 'cpu', open: () => Promise.resolve(cpuBackend()), space });
  });
}

const reference = openReference('mnist_cnn');
describe.skipIf(reference === undefined)('mnist_cnn, the slow ways', () => {
  testGoldenPosterior(reference!, { backend: 'cpu', open: () => Promise.resolve(cpuBackend()), space: 'function' });
  for (const space of ['cg', 'lsmr'] as const)
    testGoldenPosterior(reference!, { backend: 'ort', open: () => ortBackend(), space });
});
