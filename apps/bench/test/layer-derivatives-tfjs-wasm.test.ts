import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { describe } from 'vitest';
import { testLayerDerivatives } from './layer-derivatives-suite.ts';

describe('tfjs-wasm, float32', () =>
  testLayerDerivatives(async () => tfjsBackend(await loadTfjs('tfjs-wasm')), 'float32'));
