import { ProgramBuilder, Rng, makeNetwork, sizeOf, type Network, type Parameter, type Value } from '@ntk/tensor';

/** A dense tanh network from weight shapes [a, b], [b], [b, c], [c], … */
export function denseNetwork(shapes: readonly (readonly number[])[], values: readonly Float32Array[]): Network {
  const b = new ProgramBuilder('dense');
  const parameters: Parameter[] = shapes.map((shape, i) => {
    const layer = `dense_${Math.floor(i / 2)}`;
    return { name: `${layer}/${i % 2 === 0 ? 'kernel' : 'bias'}`, layer, shape, trainable: true };
  });
  let h = b.input('x', [1, shapes[0]![0]!], { exampleAxis: 0 });
  const inputs = parameters.map(({ name, shape }) => b.input(name, shape));
  for (let i = 0; i < inputs.length; i += 2) {
    h = b.add(b.matmul(h, inputs[i]!), inputs[i + 1]!);
    if (i + 2 < inputs.length) h = b.unary('tanh', h);
  }
  b.output('f', h);
  return makeNetwork({ program: b.build(), parameters, values, meta: meta('dense') });
}

/** Random weights of the given widths, scaled by 1/√fan-in. */
export function randomDense(widths: readonly number[], rng: Rng): Network {
  const shapes = widths.slice(1).flatMap((width, i) => [[widths[i]!, width], [width]]);
  const values = shapes.map((shape) =>
    Float32Array.from({ length: sizeOf(shape) }, () => rng.normal() / Math.sqrt(shape.length === 2 ? shape[0]! : 4)),
  );
  return denseNetwork(shapes, values);
}

/** A network given by how it is built; every parameter becomes a layer of its own. */
export function customNetwork(
  exampleShape: readonly number[],
  shapes: Readonly<Record<string, readonly number[]>>,
  build: (b: ProgramBuilder, x: Value, weights: Readonly<Record<string, Value>>) => Value,
  rng: Rng,
): Network {
  const b = new ProgramBuilder('custom');
  const x = b.input('x', [1, ...exampleShape], { exampleAxis: 0 });
  const parameters = Object.entries(shapes).map(
    ([name, shape]): Parameter => ({ name, layer: name, shape, trainable: true }),
  );
  const weights = Object.fromEntries(parameters.map(({ name, shape }) => [name, b.input(name, shape)]));
  b.output('f', build(b, x, weights));
  const values = parameters.map(({ shape }) => Float32Array.from(rng.normals(sizeOf(shape))));
  return makeNetwork({ program: b.build(), parameters, values, meta: meta('custom') });
}

/** Networks for every form that the Jacobian of a parameter takes. */
export function networksOfAllForms(): Record<string, Network> {
  const rng = new Rng('networks');
  return {
    dense: randomDense([3, 5, 4, 2], rng),
    'one output': randomDense([2, 6, 1], rng),
    'many outputs': randomDense([3, 4, 6], rng),
    'one kernel used twice': customNetwork(
      [4],
      { w: [4, 4], b: [4], v: [4, 3] },
      (b, x, { w, b: bias, v }) => {
        const h = b.unary('tanh', b.add(b.matmul(x, w!), bias!));
        return b.matmul(b.unary('sigmoid', b.add(b.matmul(h, w!), bias!)), v!);
      },
      rng,
    ),
    'one kernel for many positions': customNetwork(
      [5, 3],
      { w: [3, 4], b: [4], v: [20, 2] },
      (b, x, { w, b: bias, v }) => {
        const h = b.unary('relu', b.add(b.matmul(x, w!), bias!));
        return b.matmul(b.reshape(h, [-1, 20]), v!);
      },
      rng,
    ),
    'a wide kernel at two positions': customNetwork(
      [2, 8],
      { w: [8, 9], v: [18, 1] },
      (b, x, { w, v }) => b.matmul(b.reshape(b.unary('tanh', b.matmul(x, w!)), [-1, 18]), v!),
      rng,
    ),
    'two kernels and two biases with the same sensitivities': customNetwork(
      [6],
      { w: [4, 5], u: [2, 5], b: [5], v: [5, 2], d: [2], e: [2] },
      (b, x, { w, u, b: bias, v, d, e }) => {
        const h = b.add(b.matmul(b.slice(x, 1, { end: 4 }), w!), b.matmul(b.slice(x, 1, { start: 4 }), u!));
        return b.add(b.add(b.matmul(b.unary('tanh', b.add(h, bias!)), v!), d!), e!);
      },
      rng,
    ),
    'a transposed kernel': customNetwork(
      [3],
      { w: [5, 3], b: [5], v: [5, 2] },
      (b, x, { w, b: bias, v }) => {
        return b.matmul(b.unary('tanh', b.add(b.matmul(x, w!, { transposeB: true }), bias!)), v!);
      },
      rng,
    ),
    'tied weights, once transposed': customNetwork(
      [3],
      { w: [3, 5] },
      (b, x, { w }) => b.matmul(b.unary('tanh', b.matmul(x, w!)), w!, { transposeB: true }),
      rng,
    ),
    'scale, shift, quotient and a second bias': customNetwork(
      [4],
      { s: [4], t: [4], w: [4, 2], d: [2], e: [1] },
      (b, x, { s, t, w, d, e }) => {
        const h = b.add(b.add(b.mul(x, s!), t!), t!);
        return b.add(b.div(b.matmul(h, w!), b.unary('exp', d!)), e!);
      },
      rng,
    ),
    'a parameter that is transformed before its use': customNetwork(
      [3],
      { w: [2, 3], v: [2, 2] },
      (b, x, { w, v }) => b.matmul(b.unary('tanh', b.matmul(x, b.transpose(w!, [1, 0]))), b.unary('exp', v!)),
      rng,
    ),
    'a table of biases and a kernel, each read in parts': customNetwork(
      [3],
      { w: [3, 6], b: [2, 6], v: [2, 2] },
      (b, x, { w, b: biases, v }) => {
        const row = (i: number): Value => b.reshape(b.slice(biases!, 0, { start: i, end: i + 1 }), [6]);
        const half = (i: number): Value => b.slice(w!, 1, { start: 3 * i, end: 3 * i + 3 });
        const h = b.add(b.matmul(b.unary('tanh', b.add(b.matmul(x, w!), row(0))), b.transpose(w!, [1, 0])), x);
        const g = b.unary('tanh', b.add(b.matmul(h, half(0)), b.slice(row(1), 0, { start: 3 })));
        return b.matmul(
          b.slice(b.matmul(g, half(1)), 1, { end: 2 }),
          b.concat([b.slice(v!, 0, { start: 1 }), b.slice(v!, 0, { end: 1 })], 0),
        );
      },
      rng,
    ),
    'a recurrent kernel over four steps': customNetwork(
      [4, 3],
      { w: [3, 5], u: [5, 5], b: [5], v: [5, 1] },
      (b, x, { w, u, b: bias, v }) => {
        const inputs = b.add(b.matmul(x, w!), bias!);
        let h: Value | undefined;
        for (let t = 0; t < 4; t++) {
          const step = b.reshape(b.slice(inputs, 1, { start: t, end: t + 1 }), [-1, 5]);
          h = b.unary('tanh', h === undefined ? step : b.add(step, b.matmul(h, u!)));
        }
        return b.matmul(h!, v!);
      },
      rng,
    ),
    'parts that overlap, gaps between them, and the whole': customNetwork(
      [3],
      { w: [3, 8], v: [3, 2] },
      (b, x, { w, v }) => {
        const h = b.unary('tanh', b.matmul(x, w!));
        const part = (start: number, end: number, step = 1): Value => b.slice(h, 1, { start, end, step });
        const parts = b.mul(b.mul(part(0, 3), part(2, 5)), b.mul(part(5, 8), part(1, 6, 2)));
        return b.add(b.matmul(parts, v!), b.slice(b.mul(h, h), 1, { start: 3, end: 5 }));
      },
      rng,
    ),
    'a parameter that nothing reads, and one beside it': customNetwork(
      [3],
      { unused: [2, 2], w: [3, 4], idle: [3], v: [4, 1] },
      (b, x, { w, v }) => b.matmul(b.unary('tanh', b.matmul(x, w!)), v!),
      rng,
    ),
    'outputs that no parameter reaches': customNetwork([2], { w: [2, 2] }, (b, x) => b.unary('tanh', x), rng),
    'one output of a layer as wide as its inputs': randomDense([6, 6, 1], rng),
    'one output of such a kernel at two positions': customNetwork(
      [2, 9],
      { w: [9, 8], v: [16, 1] },
      (b, x, { w, v }) => b.matmul(b.reshape(b.unary('tanh', b.matmul(x, w!)), [-1, 16]), v!),
      rng,
    ),
  };
}

function meta(name: string): Network['meta'] {
  return { name, source: 'test', notes: [] };
}
