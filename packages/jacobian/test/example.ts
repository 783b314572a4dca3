import { kernelMatrix, linearize, ntkOperator } from '@ntk/jacobian';
import { ProgramBuilder, cpuBackend, makeNetwork } from '@ntk/tensor';

// f(x) = tanh(x w) v, with two hidden units, at the weights w = [1, -2], v = [3, 0.5].
const b = new ProgramBuilder('tiny');
const x = b.input('x', [1, 1], { exampleAxis: 0 });
const [w, v] = [b.input('w', [1, 2]), b.input('v', [2, 1])];
b.output('f', b.matmul(b.unary('tanh', b.matmul(x, w)), v));
const network = makeNetwork({
  program: b.build(),
  parameters: [
    { name: 'w', layer: 'hidden', shape: [1, 2], trainable: true },
    { name: 'v', layer: 'head', shape: [2, 1], trainable: true },
  ],
  values: [Float32Array.of(1, -2), Float32Array.of(3, 0.5)],
  meta: { name: 'tiny', source: 'by hand', notes: [] },
});

const backend = cpuBackend();
using linear = await linearize(network, Float64Array.of(0, 0.5, 1), { backend }); // one forward pass for all that follows
using direction = backend.upload(Float64Array.of(1, 0, 0, 0), [1, 4]); // k = 1 right-hand side, p = 4 parameters
using jv = await linear.jacobian.matmul(direction); // [1, 3]: how f moves with the first weight
console.log(Array.from(await backend.read(jv), (value) => value.toFixed(3)).join(' '));

const kernel = await kernelMatrix(linear); // J Jᵀ from per-layer factors, [3, 3]
using unit = backend.upload(Float64Array.of(0, 0, 1), [1, 3]);
using column = await ntkOperator(linear).matmul(unit); // the same, one column by products
console.log(kernel.data[5]!.toFixed(3), (await backend.read(column))[1]!.toFixed(3));
