import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { tfjsBackend } from '@ntk/backend-tfjs';
import { ProgramBuilder } from '@ntk/tensor';

await tf.setBackend('cpu'); // or 'wasm', 'webgl', 'webgpu'; with tfjs-node-gpu, 'tensorflow'
const backend = await tfjsBackend(tf);

const b = new ProgramBuilder('layer');
b.output('y', b.unary('tanh', b.matmul(b.input('x', [2, 3], { exampleAxis: 0 }), b.input('w', [3, 2]))));
using executable = await backend.compile(b.build(), { dtype: 'float32' });
using x = backend.upload(Float32Array.of(1, 0, 0, 0, 1, 0), [2, 3]);
using w = backend.upload(Float32Array.of(0.5, 1, 2, 3, 4, 5), [3, 2]);
const [y] = await backend.run(executable, [x, w]);
console.log(Array.from(await backend.read(y!), (value) => value.toFixed(4)).join(' '));
y!.dispose();
