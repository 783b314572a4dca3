import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** The engines that run without a display, a GPU or a download. */
export type Engine = 'cpu' | 'wasm';

/** TensorFlow.js on an engine. One module serves all backends of a test file, so a file tests one engine. */
export async function onEngine(engine: Engine): Promise<typeof tf> {
  // Keeps TensorFlow.js from advertising its native backend.
  tf.env().set('IS_TEST', true);
  await tf.setBackend(engine);
  return tf;
}
