import { testBackend } from '@ntk/tensor/testing';
import { tfjsBackend } from '@ntk/backend-tfjs';
import { onEngine } from './engine.ts';
import { engineSuite } from './engine-suite.ts';

const tf = await onEngine('wasm');

testBackend('tfjs-wasm', () => tfjsBackend(tf), { liveTensors: () => tf.memory().numTensors });
engineSuite(tf);
