import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { testRulesOn } from './rules-suite.ts';

const tf = await loadTfjs('tfjs-wasm');

testRulesOn({ name: 'tfjs-wasm', open: () => tfjsBackend(tf), dtype: 'float32' });
