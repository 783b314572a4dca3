import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { describe } from 'vitest';
import { testLayerDerivatives } from './layer-derivatives-suite.ts';

describe('tfjs-cpu, float32', () =>
  testLayerDerivatives(async () => tfjsBackend(await loadTfjs('tfjs-cpu')), 'float32'));
