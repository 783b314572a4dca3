import { type Matrix, matrix } from '@ntk/linop';
import { checkOutputs } from './checks.ts';

/**
 * The blocks of a kernel that stay within one output: K_a between examples, for each of c outputs.
 *
 * @param kernel - rows and columns are examples × outputs, output fastest, [m·c, n·c]; borrowed
 * @returns c matrices, [m, n] each
 * @throws {ShapeError} if the sizes are not whole examples
 *
 * Cost: m·n·c copies.
 */
export function outputKernels(kernel: Matrix, outputs: number): Matrix[] {
  checkOutputs(outputs, kernel.rows, 'outputKernels');
  checkOutputs(outputs, kernel.columns, 'outputKernels');
  const [m, n] = [kernel.rows / outputs, kernel.columns / outputs];
  return Array.from({ length: outputs }, (_, a) => {
    const block = matrix(m, n);
    for (let i = 0; i < m; i++) {
      const start = (i * outputs + a) * kernel.columns + a;
      for (let j = 0; j < n; j++) block.data[i * n + j] = kernel.data[start + j * outputs]!;
    }
    return block;
  });
}

/**
 * The trace kernel (1/c) Σ_a K_a: the one kernel that outputs share.
 *
 * @param kernel - [m·c, n·c], output fastest; borrowed
 * @returns [m, n]
 * @throws {ShapeError} if the sizes are not whole examples
 *
 * Cost: m·n·c additions. Source: Novak, Sohl-Dickstein & Schoenholz (2022), the trace of the tangent kernel over outputs.
 */
export function traceKernel(kernel: Matrix, outputs: number): Matrix {
  checkOutputs(outputs, kernel.rows, 'traceKernel');
  checkOutputs(outputs, kernel.columns, 'traceKernel');
  const [m, n] = [kernel.rows / outputs, kernel.columns / outputs];
  const trace = matrix(m, n);
  for (let i = 0; i < m; i++) {
    for (let a = 0; a < outputs; a++) {
      const start = (i * outputs + a) * kernel.columns + a;
      for (let j = 0; j < n; j++) trace.data[i * n + j]! += kernel.data[start + j * outputs]! / outputs;
    }
  }
  return trace;
}
