import { testBackend } from '@ntk/tensor/testing';
import { expect, it } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';

const backend = await ortBackend();

testBackend('ort', () => backend);

it('holds no executable after the suite, and few sessions', () => {
  expect(backend.compiled.held).toBe(0);
  expect(backend.compiled.alive).toBeLessThanOrEqual(16);
});
