import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { testSolversOn } from './solver-suite.ts';

const tf = await loadTfjs('tfjs-cpu');

await testSolversOn({ name: 'tfjs-cpu', open: () => tfjsBackend(tf), dtype: 'float32' });
