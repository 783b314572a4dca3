import { applyOperator } from '@ntk/gp';
import type { Linearization } from '@ntk/jacobian';
import { defineOperator, matrix, type LinearOperator, type Matrix } from '@ntk/linop';
import { asDType, type Tensor } from '@ntk/tensor';
import type { OutputsLayout } from '../plan/method.ts';

/**
 * The Jacobians of the Gaussian processes that a layout of outputs consists of.
 *
 * `full`: one of all rows, J itself, [n·c, p]. `independent`: one an output, J_a, [n, p]. `shared`: one, with the features of all outputs
 * beside each other, (J_1 … J_c)/√c, [n, c·p], whose kernel is the average of theirs.
 *
 * @param linearization - borrowed for the life of the operators; there is nothing to dispose
 *
 * Cost of a product: one of J, with c columns for each of `shared`.
 */
export function systemJacobians(linearization: Linearization, layout: OutputsLayout): LinearOperator[] {
  const { jacobian, c } = linearization;
  if (layout === 'full') return [jacobian];
  if (layout === 'shared') return [sharedJacobian(linearization)];
  return Array.from({ length: c }, (_, output) => outputJacobian(linearization, output));
}

/** The rows of those Jacobians from an explicit J, [n·c, p]; may share its data. */
export function systemRows(j: Matrix, outputs: number, layout: OutputsLayout): Matrix[] {
  const n = j.rows / outputs;
  if (layout === 'full') return [j];
  if (layout === 'shared') return [matrix(n, outputs * j.columns, scaled(j.data, 1 / Math.sqrt(outputs)))];
  return Array.from({ length: outputs }, (_, output) => {
    const rows = matrix(n, j.columns);
    for (let i = 0; i < n; i++) {
      const from = (i * outputs + output) * j.columns;
      rows.data.set(j.data.subarray(from, from + j.columns), i * j.columns);
    }
    return rows;
  });
}

/** The prior variances of the rows of each system from those of all rows, [n·c]. */
export function systemDiagonals(diagonal: Float64Array, outputs: number, layout: OutputsLayout): Float64Array[] {
  if (layout === 'full') return [diagonal];
  const columns = Array.from({ length: outputs }, (_, output) => pick(diagonal, outputs, output));
  if (layout === 'independent') return columns;
  return [columns[0]!.map((_, i) => columns.reduce((sum, column) => sum + column[i]! / outputs, 0))];
}

/** Every `outputs`-th entry from `output` on. */
export function pick(values: Float64Array, outputs: number, output: number): Float64Array {
  return Float64Array.from({ length: values.length / outputs }, (_, i) => values[i * outputs + output]!);
}

function outputJacobian({ jacobian, n, c, p }: Linearization, output: number): LinearOperator {
  const transpose = jacobian.transpose();
  return hostOperator(jacobian, [n, p], {
    forward: async (v) => {
      const all = await applyOperator(jacobian, v);
      return matrix(v.rows, n, pick(all.data, c, output));
    },
    backward: async (u) => applyOperator(transpose, spread(u, c, output)),
  });
}

function sharedJacobian({ jacobian, n, c, p }: Linearization): LinearOperator {
  const transpose = jacobian.transpose();
  const share = 1 / Math.sqrt(c);
  return hostOperator(jacobian, [n, c * p], {
    forward: async (v) => {
      const all = await applyOperator(jacobian, matrix(v.rows * c, p, v.data)); // [k·c, n·c]
      const result = matrix(v.rows, n);
      for (let k = 0; k < v.rows; k++) {
        for (let a = 0; a < c; a++) {
          for (let i = 0; i < n; i++) result.data[k * n + i]! += share * all.data[((k * c + a) * n + i) * c + a]!;
        }
      }
      return result;
    },
    backward: async (u) => {
      const parts = Array.from({ length: c }, (_, a) => spread(u, c, a));
      const stacked = matrix(u.rows * c, n * c);
      for (let k = 0; k < u.rows; k++) {
        parts.forEach((part, a) =>
          stacked.data.set(part.data.subarray(k * n * c, (k + 1) * n * c), (k * c + a) * n * c),
        );
      }
      return matrix(u.rows, c * p, scaled((await applyOperator(transpose, stacked)).data, share));
    },
  });
}

type Placed = Pick<LinearOperator, 'backend' | 'dtype'>;

interface HostMaps {
  readonly forward: (v: Matrix) => Promise<Matrix>;
  readonly backward: (u: Matrix) => Promise<Matrix>;
}

/** An operator whose products go through the host, where entries are picked and put. */
function hostOperator(
  { backend, dtype }: Placed,
  [rows, columns]: readonly [number, number],
  { forward, backward }: HostMaps,
): LinearOperator {
  return defineOperator({
    name: 'systemJacobian',
    shape: [rows, columns],
    dtype,
    backend,
    tags: new Set(),
    matmul: async (x: Tensor, k) => {
      const product = await forward(matrix(k, columns, Float64Array.from(await backend.read(x))));
      return backend.upload(asDType(product.data, dtype), [k, rows]);
    },
    transpose: () => hostOperator({ backend, dtype }, [columns, rows], { forward: backward, backward: forward }),
    dispose: () => undefined,
  });
}

// [k, n] → [k, n·c], zero for the other outputs.
function spread(u: Matrix, c: number, output: number): Matrix {
  const result = matrix(u.rows, u.columns * c);
  for (let i = 0; i < u.data.length; i++) result.data[i * c + output] = u.data[i]!;
  return result;
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => factor * value);
}
