import { cpuBackend, ProgramBuilder, printProgram } from '@ntk/tensor';

// y = tanh(x w), for two examples of three numbers each.
const b = new ProgramBuilder('layer');
const x = b.input('x', [2, 3], { exampleAxis: 0 });
const w = b.input('w', [3, 1]);
b.output('y', b.unary('tanh', b.matmul(x, w)));
const program = b.build();
console.log(printProgram(program));

const backend = cpuBackend();
using executable = await backend.compile(program, { dtype: 'float64' });
using examples = backend.upload(Float64Array.of(1, 0, 0, 0, 1, 1), [2, 3]);
using weights = backend.upload(Float64Array.of(0.5, -1, 1), [3, 1]);
const [y] = await backend.run(executable, [examples, weights]);
console.log(await backend.read(y!));
y!.dispose();
