import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { testRulesOn } from './rules-suite.ts';

const tf = await loadTfjs('tfjs-cpu');

testRulesOn({ name: 'tfjs-cpu', open: () => tfjsBackend(tf), dtype: 'float32' });
