import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { openReference } from '@ntk/reference';
import { testGoldenProducts } from './golden-products.ts';

const tf = await loadTfjs('tfjs-cpu');

for (const model of ['sine_mlp', 'mlp2']) testGoldenProducts(openReference(model)!, () => tfjsBackend(tf), 'float32');
