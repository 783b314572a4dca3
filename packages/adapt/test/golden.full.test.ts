import { ortBackend } from '@ntk/backend-ort';
import { openReference } from '@ntk/reference';
import { cpuBackend, type Backend } from '@ntk/tensor';
import { vi } from 'vitest';
import type { SpaceName } from './golden-spaces.ts';
import { testGoldenPosterior } from './golden-suite.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const backends: Record<string, () => Promise<Backend>> = {
  cpu: () => Promise.resolve(cpuBackend()),
  ort: () => ortBackend(),
};

/** The ways that take minutes. */
const ways: readonly (readonly [model: string, backend: string, spaces: readonly SpaceName[]])[] = [
  ['sine_mlp', 'cpu', ['cg', 'lsmr']],
  // Over 4,000 parameters for 32 or 48 rows: not what parameter space is for, but the golden values are there.
  ['mlp2', 'cpu', ['parameter', 'cg', 'lsmr']],
  ['mlp2', 'ort', ['parameter']],
  ['small_resnet', 'cpu', ['parameter', 'cg', 'lsmr']],
  ['small_resnet', 'ort', ['parameter']],
  ['mnist_cnn', 'cpu', ['function']],
  ['mnist_cnn', 'ort', ['cg', 'lsmr']],
];

/** Fifty rows of 258,826 numbers in every step of a solver take hours. */
const meansOnly: readonly string[] = ['mnist_cnn cg', 'mnist_cnn lsmr'];

for (const [model, backend, spaces] of ways) {
  const reference = openReference(model);
  if (reference === undefined) continue;
  for (const space of spaces) {
    const covariances = !meansOnly.includes(`${model} ${space}`);
    testGoldenPosterior(reference, { backend, open: backends[backend]!, space, covariances });
  }
}
