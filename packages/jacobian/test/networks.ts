import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reference } from '@ntk/reference';
import type { Rng } from '@ntk/tensor';
import { ProgramBuilder, makeNetwork, sizeOf, type Network, type Parameter, type Value } from '@ntk/tensor';

/** A dense tanh network with the trained weights of a golden model. */
export function referenceNetwork(reference: Reference): Network {
  const bytes = readFileSync(join(reference.folder, 'model', 'group1-shard1of1.bin'));
  const weights = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const parameters = reference.parameters();
  const values = parameters.map(({ offset, size }) => weights.slice(offset, offset + size));
  return denseNetwork(
    parameters.map(({ shape }) => shape),
    values,
  );
}

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

function meta(name: string): Network['meta'] {
  return { name, source: 'test', notes: [] };
}
