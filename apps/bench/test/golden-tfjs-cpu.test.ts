import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { openReference } from '@ntk/reference';
import { describe } from 'vitest';
import { testGoldenProducts } from './golden-products-suite.ts';

const tf = await loadTfjs('tfjs-cpu');

for (const model of ['sine_mlp', 'mlp2']) {
  describe(`golden products of ${model}`, () => {
    testGoldenProducts(openReference(model)!, { backend: 'tfjs-cpu', open: () => tfjsBackend(tf), dtype: 'float32' });
  });
}
