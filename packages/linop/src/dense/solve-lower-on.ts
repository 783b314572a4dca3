import { type Backend, type Program, ProgramBuilder, ShapeError, type Tensor } from '@ntk/tensor';
import { blockOf, packBlock, subBlock } from './block.ts';
import { requireFloat64 } from './float64-backend.ts';
import { type Matrix, copyMatrix, squareSize } from './matrix.ts';
import { PANEL, solvePanel } from './solve-panel.ts';

/**
 * Solves L x = b for many right-hand sides, with nearly all work in float64 products of a backend.
 *
 * @param backend - must support float64
 * @param l - lower triangular, [n, n]; the entries above the diagonal are not read
 * @param b - right-hand sides, [k, n], one a row; borrowed
 * @returns x, [k, n], equal to that of `solveLower` to rounding
 * @throws {ShapeError} if l is not square or the right-hand sides have not n entries
 * @throws {UnsupportedError} if the backend has no float64
 *
 * Cost: k·n²/2 multiply-adds on the backend, and 44·n on the host. Below some 30 right-hand sides `solveLower` is as fast.
 */
export async function solveLowerOn(backend: Backend, l: Matrix, b: Matrix): Promise<Matrix> {
  requireFloat64(backend, 'solveLowerOn');
  const n = squareSize(l, 'solveLowerOn');
  if (b.columns !== n) {
    throw new ShapeError(
      `solveLowerOn: got right-hand sides of ${b.columns} entries, expected ${n}; store one right-hand side a row`,
    );
  }
  const x = copyMatrix(b);
  if (x.rows === 0) return x;
  for (let start = 0; start < n; start += PANEL) {
    const width = Math.min(PANEL, n - start);
    using rest = await updatedPanel(backend, l, x, { start, width });
    const diagonal = subBlock(blockOf(l), start, start, width, width);
    await solvePanel(backend, diagonal, await backend.read(rest), subBlock(blockOf(x), 0, start, x.rows, width));
  }
  return x;
}

interface Panel {
  readonly start: number;
  readonly width: number;
}

/** B_j − X_{<j} L_{j,<j}ᵀ, [k, width]; the columns of x from `start` on still hold B. */
async function updatedPanel(backend: Backend, l: Matrix, x: Matrix, panel: Panel): Promise<Tensor> {
  const { start, width } = panel;
  const n = l.rows;
  if (start === 0) return backend.upload(packBlock(subBlock(blockOf(x), 0, 0, x.rows, width)), [x.rows, width]);
  using executable = await backend.compile(updateProgram(x.rows, n, panel), { dtype: 'float64' });
  using solved = backend.upload(x.data, [x.rows, n]);
  using rows = backend.upload(l.data.subarray(start * n, (start + width) * n), [width, n]);
  const [rest] = await backend.run(executable, [solved, rows]);
  return rest!;
}

function updateProgram(k: number, n: number, { start, width }: Panel): Program {
  const b = new ProgramBuilder('triangular-update');
  const x = b.input('x', [k, n]);
  const l = b.input('l', [width, n]);
  const known = b.matmul(b.slice(x, 1, { end: start }), b.slice(l, 1, { end: start }), { transposeB: true });
  b.output('rest', b.sub(b.slice(x, 1, { start, end: start + width }), known));
  return b.build();
}
