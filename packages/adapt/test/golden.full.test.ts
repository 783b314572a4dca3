import { ortBackend } from '@ntk/backend-ort';
import { openReference } from '@ntk/reference';
import { cpuBackend } from '@ntk/tensor';
import { describe } from 'vitest';
import { testGoldenPosterior } from './golden-suite.ts';

const reference = openReference('mlp2');
describe.skipIf(reference === undefined)('mlp2 in parameter space', { timeout: 600_000 }, () => {
  for (const setting of ['A', 'B'] as const) {
    testGoldenPosterior(reference!, {
      backend: 'cpu',
      open: () => Promise.resolve(cpuBackend()),
      space: 'parameter',
      setting,
    });
    testGoldenPosterior(reference!, { backend: 'ort', open: () => ortBackend(), space: 'parameter', setting });
  }
});
