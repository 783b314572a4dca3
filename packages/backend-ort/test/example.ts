import { ortBackend } from '@ntk/backend-ort';
import { ProgramBuilder } from '@ntk/tensor';

const b = new ProgramBuilder('layer');
const x = b.input('x', [2, 3], { exampleAxis: 0 });
const w = b.input('w', [3, 2]);
b.output('y', b.unary('tanh', b.matmul(x, w)));

const backend = await ortBackend();
using executable = await backend.compile(b.build(), { dtype: 'float64' });
using input = backend.upload(Float64Array.of(1, 0, 0, 0, 1, 0), [2, 3]);
using weights = backend.upload(Float64Array.of(0.5, 1, 2, 3, 4, 5), [3, 2]);
const [y] = await backend.run(executable, [input, weights]);
console.log(Array.from(await backend.read(y!), (value) => value.toFixed(4)).join(' '));
y!.dispose();
