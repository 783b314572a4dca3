import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { testBackend } from '@ntk/tensor/testing';
import { tfjsBackend } from '@ntk/backend-tfjs';

tf.env().set('IS_TEST', true);
await tf.setBackend('wasm');

testBackend('tfjs-wasm', () => tfjsBackend(tf), { liveTensors: () => tf.memory().numTensors });
