import { ortBackend } from '@ntk/backend-ort';
import { testRulesOn } from './rules-suite.ts';

const backend = await ortBackend();

for (const dtype of ['float64', 'float32'] as const)
  testRulesOn({ name: 'ort', open: () => Promise.resolve(backend), dtype });
