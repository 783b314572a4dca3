import { type Backend, type Program, ProgramBuilder } from '@ntk/tensor';
import { blockOf, setLower, subBlock } from './block.ts';
import { NO_PIVOT, factorLower } from './factor-lower.ts';
import type { Matrix } from './matrix.ts';
import { PANEL, type Rows, solvePanel, uploadRows } from './solve-panel.ts';

/**
 * As `factorLower`, with nearly all work in float64 products of a backend: panels of columns from left to right, each brought up to date by
 * products with all that is left of it. The host factorises the blocks on the diagonal.
 *
 * @param backend - must support float64
 * @param a - [n, n]; only the lower triangle is used and written
 * @param floors - smallest acceptable pivot, one for each row
 * @returns index of the failed pivot, or NO_PIVOT; after a failure the lower triangle is undefined
 *
 * Cost: n³/6 multiply-adds on the backend, n·PANEL²/6 on the host. Source: Golub & Van Loan (2013), section 4.2.7.
 */
export async function factorLowerOn(backend: Backend, a: Matrix, floors: Float64Array): Promise<number> {
  const n = a.rows;
  for (let first = 0; first < n; first += PANEL) {
    const panel = { of: a, first, count: Math.min(PANEL, n - first) };
    if (first > 0) await updateDiagonal(backend, panel);
    const failed = factorLower(subBlock(blockOf(a), first, first, panel.count, panel.count), floors, first);
    if (failed !== NO_PIVOT) return failed;
    const below = first + panel.count;
    if (below < n) await solvePanel(backend, { of: a, first: below, count: n - below }, panel);
  }
  return NO_PIVOT;
}

/** A_jj − L_{j,<j} L_{j,<j}ᵀ in place of A_jj. */
async function updateDiagonal(backend: Backend, panel: Rows): Promise<void> {
  const { of: a, first, count } = panel;
  using executable = await backend.compile(diagonalProgram(a.columns, first, count), { dtype: 'float64' });
  using rows = uploadRows(backend, panel);
  const [output] = await backend.run(executable, [rows]);
  using block = output!;
  setLower(subBlock(blockOf(a), first, first, count, count), await backend.read(block));
}

function diagonalProgram(n: number, start: number, width: number): Program {
  const b = new ProgramBuilder('cholesky-diagonal');
  const rows = b.input('rows', [width, n]);
  const left = b.slice(rows, 1, { end: start });
  b.output('block', b.sub(b.slice(rows, 1, { start, end: start + width }), b.matmul(left, left, { transposeB: true })));
  return b.build();
}
