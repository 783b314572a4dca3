import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { testSolversOn } from './solver-suite.ts';

const tf = await loadTfjs('tfjs-wasm');

await testSolversOn({ name: 'tfjs-wasm', open: () => tfjsBackend(tf), dtype: 'float32' });
