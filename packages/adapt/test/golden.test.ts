import { join } from 'node:path';
import { ortBackend } from '@ntk/backend-ort';
import { readLayersModel } from '@ntk/models';
import { openReference } from '@ntk/reference';
import { cpuBackend, type Backend } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { adapt, decodePosterior, encodePosterior, predictStored, storePosterior } from '@ntk/adapt';
import { describe, expect, test, vi } from 'vitest';
import type { SpaceName } from './golden-spaces.ts';
import { TOLERANCE, testGoldenPosterior } from './golden-suite.ts';

// A few seconds each on an idle machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const backends: Record<string, () => Promise<Backend>> = {
  cpu: () => Promise.resolve(cpuBackend()),
  ort: () => ortBackend(),
};

/** The ways in which each network is compared here; the others take minutes: golden.full.test.ts. */
const ways: Record<string, Partial<Record<string, readonly SpaceName[]>>> = {
  sine_mlp: { cpu: ['function', 'parameter'], ort: ['function', 'parameter', 'cg', 'lsmr'] },
  mlp2: { cpu: ['function'], ort: ['function', 'cg', 'lsmr'] },
  small_resnet: { cpu: ['function'], ort: ['function', 'cg', 'lsmr'] },
  mnist_cnn: { ort: ['function'] },
};

for (const [model, spaces] of Object.entries(ways)) {
  const reference = openReference(model);
  if (reference === undefined) continue;
  describe(`golden posteriors of ${model}`, () => {
    const golden = (key: string): Float64Array => reference.array(key).data;
    for (const [backend, names] of Object.entries(spaces)) {
      const open = backends[backend]!;
      for (const space of names!) testGoldenPosterior(reference, { backend, open, space });
      for (const setting of ['A', 'B'] as const) {
        test(`adapt on ${backend} in setting ${setting}, and its file`, async () => {
          const number = (key: string): number => reference.number('gp', 'settings', setting, key);
          const network = await readLayersModel(join(reference.folder, 'model'));
          const given = {
            noise: number('noise_variance_sigma2'),
            priorVariance: number('prior_variance_s2'),
            space: 'function',
            // The plan would take float32, or an iterative solver, where that is much faster or smaller.
            dtype: 'float64',
            solver: 'cholesky',
            predictions: reference.array('Xstar').shape[0]!,
          } as const;
          using adapted = await adapt(network, { x: golden('X'), y: golden('Y') }, { backend: await open(), ...given });
          const stored = await decodePosterior(await encodePosterior(await storePosterior(adapted)), 'memory.ntk');
          const predictions = [
            await adapted.predict(golden('Xstar')),
            await predictStored(stored, golden('Xstar'), { backend: await open() }),
          ];
          for (const { mean, variance } of predictions) {
            expect(relativeError(mean, golden(`gp/${setting}/network/mean`))).toBeLessThan(TOLERANCE[setting].mean);
            expect(relativeError(variance, golden(`gp/${setting}/var`))).toBeLessThan(TOLERANCE[setting].covariance);
          }
        });
      }
    }
  });
}
