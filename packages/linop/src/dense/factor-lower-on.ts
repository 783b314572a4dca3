import { type Backend, type Program, ProgramBuilder, type Tensor } from '@ntk/tensor';
import { blockOf, packBlock, setBlock, subBlock } from './block.ts';
import { NO_PIVOT, factorLower } from './factor-lower.ts';
import type { Matrix } from './matrix.ts';
import { PANEL, solvePanel } from './solve-panel.ts';

/**
 * As `factorLower`, with nearly all work in float64 products of a backend: panels of columns from left to right, each brought up to date
 * by one product with all that is left of it. The host factorises the blocks on the diagonal.
 *
 * @param backend - must support float64
 * @param a - [n, n]; only the lower triangle is read and written
 * @param floors - smallest acceptable pivot, one for each row
 * @returns index of the failed pivot, or NO_PIVOT; after a failure the lower triangle is undefined
 *
 * Cost: n³/6 multiply-adds on the backend, n·PANEL²/6 on the host. Source: Golub & Van Loan (2013), section 4.2.7.
 */
export async function factorLowerOn(backend: Backend, a: Matrix, floors: Float64Array): Promise<number> {
  const n = a.rows;
  for (let start = 0; start < n; start += PANEL) {
    const width = Math.min(PANEL, n - start);
    using panel = await updatedPanel(backend, a, start, width);
    const data = await backend.read(panel);
    const diagonal = subBlock(blockOf(a), start, start, width, width);
    setBlock(diagonal, data);
    const failed = factorLower(diagonal, floors, start);
    if (failed !== NO_PIVOT) return failed;
    const below = subBlock(blockOf(a), start + width, start, n - start - width, width);
    if (below.rows > 0) await solvePanel(backend, diagonal, data.subarray(width * width), below);
  }
  return NO_PIVOT;
}

/** The panel's columns of A − L Lᵀ from its first row on, L being what is left of the panel: [n − start, width]. */
async function updatedPanel(backend: Backend, a: Matrix, start: number, width: number): Promise<Tensor> {
  const n = a.rows;
  if (start === 0) return backend.upload(packBlock(subBlock(blockOf(a), 0, 0, n, width)), [n, width]);
  using executable = await backend.compile(updateProgram(n, start, width), { dtype: 'float64' });
  using rows = backend.upload(a.data.subarray(start * n), [n - start, n]);
  const [panel] = await backend.run(executable, [rows]);
  return panel!;
}

function updateProgram(n: number, start: number, width: number): Program {
  const b = new ProgramBuilder('cholesky-update');
  const rows = b.input('rows', [n - start, n]);
  const left = b.slice(rows, 1, { end: start });
  const product = b.matmul(left, b.slice(left, 0, { end: width }), { transposeB: true });
  b.output('panel', b.sub(b.slice(rows, 1, { start, end: start + width }), product));
  return b.build();
}
