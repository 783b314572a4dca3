import { ortBackend } from '@ntk/backend-ort';
import { openReference } from '@ntk/reference';
import { cpuBackend, type Backend } from '@ntk/tensor';
import { vi } from 'vitest';
import type { SpaceName } from './golden-spaces.ts';
import { testGoldenPosterior, type GoldenCase } from './golden-suite.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const backends: Record<string, () => Promise<Backend>> = {
  cpu: () => Promise.resolve(cpuBackend()),
  ort: () => ortBackend(),
};

interface SlowCase extends Pick<GoldenCase, 'backend' | 'settings' | 'covariances'> {
  readonly model: string;
  readonly spaces: readonly SpaceName[];
}

/** What takes minutes. */
const cases: readonly SlowCase[] = [
  { model: 'sine_mlp', backend: 'cpu', spaces: ['cg', 'lsmr'] },
  // Over 4,000 parameters for 32 or 48 rows: not what parameter space is for, but the golden values are there.
  { model: 'mlp2', backend: 'cpu', spaces: ['parameter', 'cg', 'lsmr'] },
  { model: 'mlp2', backend: 'ort', spaces: ['parameter'] },
  { model: 'small_resnet', backend: 'cpu', spaces: ['parameter', 'cg', 'lsmr'] },
  { model: 'small_resnet', backend: 'ort', spaces: ['parameter'] },
  { model: 'mnist_cnn', backend: 'cpu', spaces: ['function'] },
  // Fifty test rows of 258,826 numbers in every step: two minutes a covariance, so the means alone but once.
  { model: 'mnist_cnn', backend: 'ort', spaces: ['cg'], settings: ['A'] },
  { model: 'mnist_cnn', backend: 'ort', spaces: ['cg'], settings: ['B'], covariances: false },
  { model: 'mnist_cnn', backend: 'ort', spaces: ['lsmr'], covariances: false },
];

for (const { model, spaces, backend, ...options } of cases) {
  const reference = openReference(model);
  if (reference === undefined) continue;
  for (const space of spaces) testGoldenPosterior(reference, { backend, open: backends[backend]!, space, ...options });
}
