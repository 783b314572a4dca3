import { ProgramBuilder, Rng, makeNetwork, sizeOf, type Network, type Parameter, type TypedArray } from '@ntk/tensor';

/** A dense tanh network with random float64 weights: layers layer0, layer1, … */
export function denseNetwork(widths: readonly number[], seed: number): Network {
  const rng = new Rng(seed);
  const parameters = widths.slice(1).flatMap((width, i): Parameter[] => [
    { name: `layer${i}/kernel`, layer: `layer${i}`, shape: [widths[i]!, width], trainable: true },
    { name: `layer${i}/bias`, layer: `layer${i}`, shape: [width], trainable: true },
  ]);
  const b = new ProgramBuilder('dense');
  let h = b.input('x', [1, widths[0]!], { exampleAxis: 0 });
  const inputs = parameters.map(({ name, shape }) => b.input(name, shape));
  for (let i = 0; i < inputs.length; i += 2) {
    h = b.add(b.matmul(h, inputs[i]!), inputs[i + 1]!);
    if (i + 2 < inputs.length) h = b.unary('tanh', h);
  }
  b.output('f', h);
  const values = parameters.map(({ shape }) => rng.normals(sizeOf(shape)).map((value) => value / Math.sqrt(shape[0]!)));
  return makeNetwork({ program: b.build(), parameters, values, meta: { name: 'dense', source: 'test', notes: [] } });
}

/** f(x) = x W without a bias: a linear model whose optimum is known. */
export function linearNetwork(kernel: Float64Array, outputs = 1): Network {
  const b = new ProgramBuilder('linear');
  const x = b.input('x', [1, kernel.length / outputs], { exampleAxis: 0 });
  const w = b.input('targets', [kernel.length / outputs, outputs]);
  b.output('f', b.matmul(x, w));
  const parameters = [{ name: 'w', layer: 'linear', shape: [kernel.length / outputs, outputs], trainable: true }];
  return makeNetwork({
    program: b.build(),
    parameters,
    values: [kernel],
    meta: { name: 'linear', source: 'test', notes: [] },
  });
}

/** All values of a network, one after another. */
export function flatValues(network: Network): Float64Array {
  return Float64Array.from(network.values.flatMap((values: TypedArray) => Array.from(values)));
}

/** The network with other values, given one after another. */
export function withValues(network: Network, flat: Float64Array): Network {
  let start = 0;
  const values = network.values.map((old) => flat.slice(start, (start += old.length)));
  return { ...network, values };
}
