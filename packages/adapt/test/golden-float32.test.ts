import { ortBackend } from '@ntk/backend-ort';
import { openReference } from '@ntk/reference';
import { vi } from 'vitest';
import { testGoldenPosterior, type GoldenCase } from './golden-suite.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/**
 * Jacobians in float32, all algebra in float64. A stored Jacobian holds in both settings; a kernel that is itself summed in float32 is
 * off by more than the noise variance of setting B.
 */
const ways: readonly Pick<GoldenCase, 'space' | 'settings'>[] = [
  { space: 'jacobian' },
  { space: 'function', settings: ['A'] },
];

/** Parameter space takes minutes for the larger ones, and starts from the same stored Jacobian. */
const models: Record<string, typeof ways> = {
  sine_mlp: [...ways, { space: 'parameter' }],
  mlp2: ways,
  small_resnet: ways,
};

for (const [model, chosen] of Object.entries(models)) {
  const reference = openReference(model);
  if (reference === undefined) continue;
  for (const way of chosen)
    testGoldenPosterior(reference, { backend: 'ort', open: () => ortBackend(), dtype: 'float32', ...way });
}
