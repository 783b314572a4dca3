import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { testBackend } from '@ntk/tensor/testing';
import { tfjsBackend } from '@ntk/backend-tfjs';

tf.env().set('IS_TEST', true);
await tf.setBackend('cpu');

testBackend('tfjs-cpu', () => tfjsBackend(tf), { liveTensors: () => tf.memory().numTensors });
