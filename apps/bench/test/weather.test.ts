import { ADAPTED, weatherExperiment, type WeatherResult } from '@ntk/bench';
import { cpuBackend } from '@ntk/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

describe('the weather experiment', () => {
  let result: WeatherResult;
  beforeAll(async () => {
    result = await weatherExperiment({ backend: cpuBackend(), days: 40, seed: 0 });
  }, 60_000);
  afterAll(() => result.dispose());

  test('keeps labelled and held-out days apart, and uses all of New York', () => {
    const dates = [...result.labelled, ...result.heldOut].map(({ date }) => date);
    expect(new Set(dates).size).toBe(1461);
    expect(result.labelled).toHaveLength(40);
  });

  test('scores four methods on the same days; adapting beats the untouched network', () => {
    const rmse = Object.fromEntries(result.methods.map(({ method, scores }) => [method, scores.rmse.value]));
    expect(Object.keys(rmse)).toEqual([ADAPTED, 'untouched network', 'last layer', 'RBF GP']);
    expect(rmse[ADAPTED]).toBeLessThan(rmse['untouched network']!);
    for (const { scores, prediction } of result.methods) {
      expect(scores.rows).toBe(1421);
      expect(prediction.variance.every((variance) => variance > 0)).toBe(true);
    }
    expect(result.verdict?.conclusion).toBe('better');
    expect(result.sentence).toContain('With 40 days of New York');
  });

  test('the network is a sensible predictor of its own city', () => {
    expect(result.source.validationRmse).toBeGreaterThan(1);
    expect(result.source.validationRmse).toBeLessThan(4);
  });

  test('refuses more labelled days than half of the data', async () => {
    await expect(weatherExperiment({ backend: cpuBackend(), days: 1000 })).rejects.toThrow(
      /expected an integer from 5 to 730/,
    );
  });
});
