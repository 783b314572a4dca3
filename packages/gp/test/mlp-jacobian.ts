import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Matrix, matrix } from '@ntk/linop';
import type { Reference } from '@ntk/reference';

/**
 * The Jacobian of a golden tanh network with three dense layers, written out by hand: this package may not import @ntk/jacobian, and the
 * golden data hold J at the training inputs only.
 */
export function mlpJacobian(reference: Reference, x: Matrix): Matrix {
  const bytes = readFileSync(join(reference.folder, 'model', 'group1-shard1of1.bin'));
  const weights = Float64Array.from(
    new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
  );
  const parameters = reference.parameters();
  const layers = [0, 2, 4].map((i) => {
    const [rows, columns] = parameters[i]!.shape;
    const kernel = { start: parameters[i]!.offset, rows: rows!, columns: columns! };
    return { ...kernel, bias: parameters[i + 1]!.offset };
  });
  const c = layers[2]!.columns;
  const jacobian = matrix(x.rows * c, weights.length);
  for (let example = 0; example < x.rows; example++) {
    const activations = [x.data.subarray(example * x.columns, (example + 1) * x.columns)];
    for (const [depth, layer] of layers.entries()) {
      const input = activations[depth]!;
      const sums = Float64Array.from({ length: layer.columns }, (_, j) =>
        input.reduce(
          (sum, value, i) => sum + value * weights[layer.start + i * layer.columns + j]!,
          weights[layer.bias + j]!,
        ),
      );
      activations.push(depth < 2 ? sums.map(Math.tanh) : sums);
    }
    for (let output = 0; output < c; output++) {
      const row = jacobian.data.subarray(
        (example * c + output) * weights.length,
        (example * c + output + 1) * weights.length,
      );
      let sensitivity = Float64Array.from({ length: c }, (_, j) => (j === output ? 1 : 0));
      for (let depth = 2; depth >= 0; depth--) {
        const layer = layers[depth]!;
        const input = activations[depth]!;
        sensitivity.forEach((value, j) => {
          row[layer.bias + j] = value;
          for (let i = 0; i < layer.rows; i++) row[layer.start + i * layer.columns + j] = input[i]! * value;
        });
        const upper = sensitivity;
        sensitivity = Float64Array.from({ length: layer.rows }, (_, i) => {
          let sum = 0;
          for (let j = 0; j < layer.columns; j++) sum += weights[layer.start + i * layer.columns + j]! * upper[j]!;
          return sum * (1 - input[i]! ** 2);
        });
      }
    }
  }
  return jacobian;
}
