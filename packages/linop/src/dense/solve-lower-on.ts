import { type Backend, ShapeError } from '@ntk/tensor';
import { requireFloat64 } from './float64-backend.ts';
import { type Matrix, copyMatrix, squareSize } from './matrix.ts';
import { PANEL, solvePanel, solvePanelTransposed } from './solve-panel.ts';

/**
 * Solves L x = b for many right-hand sides, with nearly all work in float64 products of a backend.
 *
 * @param backend - must support float64
 * @param l - lower triangular, [n, n]; the entries above the diagonal are not used
 * @param b - right-hand sides, [k, n], one a row; borrowed
 * @returns x, [k, n], equal to that of `solveLower` to rounding
 * @throws {ShapeError} if l is not square or the right-hand sides have not n entries
 * @throws {UnsupportedError} if the backend has no float64
 *
 * Cost: k·n²/2 multiply-adds on the backend, some 1,000·n on the host. For a few right-hand sides `solveLower` is as fast.
 */
export async function solveLowerOn(backend: Backend, l: Matrix, b: Matrix): Promise<Matrix> {
  const x = prepare(backend, l, b, 'solveLowerOn');
  const n = x.columns;
  for (let first = 0; first < n && x.rows > 0; first += PANEL) {
    const panel = { of: l, first, count: Math.min(PANEL, n - first) };
    await solvePanel(backend, x, panel);
  }
  return x;
}

/**
 * Solves Lᵀ x = b for many right-hand sides, with nearly all work in float64 products of a backend.
 *
 * @returns x, [k, n], equal to that of `solveLowerTransposed` to rounding; parameters, errors and cost as those of `solveLowerOn`
 */
export async function solveLowerTransposedOn(backend: Backend, l: Matrix, b: Matrix): Promise<Matrix> {
  const x = prepare(backend, l, b, 'solveLowerTransposedOn');
  const n = x.columns;
  for (let end = n; end > 0 && x.rows > 0; ) {
    const first = Math.floor((end - 1) / PANEL) * PANEL;
    const rows = { of: l, first, count: n - first };
    await solvePanelTransposed(backend, x, rows, end - first);
    end = first;
  }
  return x;
}

function prepare(backend: Backend, l: Matrix, b: Matrix, caller: string): Matrix {
  requireFloat64(backend, caller);
  const n = squareSize(l, caller);
  if (b.columns === n) return copyMatrix(b);
  throw new ShapeError(
    `${caller}: got right-hand sides of ${b.columns} entries, expected ${n}; store one right-hand side a row`,
  );
}
