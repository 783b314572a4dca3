import { GPU } from 'gpu.js';
import { gpujsBackend } from '@ntk/backend-gpujs';
import { ProgramBuilder } from '@ntk/tensor';

const backend = gpujsBackend(new GPU({ mode: 'cpu' })); // without a mode, a graphics card where there is one

const b = new ProgramBuilder('product');
b.output('y', b.matmul(b.input('a', [2, 3]), b.input('b', [3, 2])));
using executable = await backend.compile(b.build(), { dtype: 'float32' });
using left = backend.upload(Float32Array.of(1, 0, 0, 0, 1, 0), [2, 3]);
using right = backend.upload(Float32Array.of(0.5, 1, 2, 3, 4, 5), [3, 2]);
const [y] = await backend.run(executable, [left, right]);
console.log(Array.from(await backend.read(y!)).join(' '));
y!.dispose();
