import { type Backend, type Program, ProgramBuilder } from '@ntk/tensor';
import { blockOf, lowerMatrix, setBlock, subBlock } from './block.ts';
import { requireFloat64 } from './float64-backend.ts';
import { invertLower } from './inverse.ts';
import { type Matrix, matrix, squareSize } from './matrix.ts';
import { PANEL } from './solve-panel.ts';

/**
 * Inverts a lower triangular matrix with nearly all work in float64 products of a backend, one panel of rows after the other:
 * W_j = −L_jj⁻¹ (L_{j,<j} W_{<j}).
 *
 * @param backend - must support float64
 * @param l - lower triangular, [n, n]; the entries above the diagonal are not read
 * @returns L⁻¹, lower triangular with zeros above the diagonal, [n, n], equal to that of `invertLower` to rounding
 * @throws {ShapeError} if l is not square
 * @throws {UnsupportedError} if the backend has no float64
 *
 * Cost: n³/3 multiply-adds on the backend, n·PANEL²/4 on the host. Source: Du Croz & Higham (1992), method 1B.
 */
export async function invertLowerOn(backend: Backend, l: Matrix): Promise<Matrix> {
  requireFloat64(backend, 'invertLowerOn');
  const n = squareSize(l, 'invertLowerOn');
  const inverse = matrix(n, n);
  for (let start = 0; start < n; start += PANEL) {
    const width = Math.min(PANEL, n - start);
    const own = invertLower(lowerMatrix(subBlock(blockOf(l), start, start, width, width)), { inPlace: true });
    setBlock(subBlock(blockOf(inverse), start, start, width, width), own.data);
    if (start > 0) await invertPanel(backend, l, { inverse, own, start });
  }
  return inverse;
}

interface Inversion {
  /** L⁻¹, finished above row `start`. */
  readonly inverse: Matrix;
  /** L_jj⁻¹, [width, width]. */
  readonly own: Matrix;
  readonly start: number;
}

async function invertPanel(backend: Backend, l: Matrix, { inverse, own, start }: Inversion): Promise<void> {
  const n = l.rows;
  const width = own.rows;
  using executable = await backend.compile(panelProgram(n, start, width), { dtype: 'float64' });
  using rows = backend.upload(l.data.subarray(start * n, (start + width) * n), [width, n]);
  using above = backend.upload(inverse.data.subarray(0, start * n), [start, n]);
  using left = backend.upload(own.data, [width, width]);
  const [output] = await backend.run(executable, [rows, above, left]);
  using panel = output!;
  setBlock(subBlock(blockOf(inverse), start, 0, width, start), await backend.read(panel));
}

function panelProgram(n: number, start: number, width: number): Program {
  const b = new ProgramBuilder('triangular-inverse');
  const [rows, above, own] = [
    b.input('rows', [width, n]),
    b.input('above', [start, n]),
    b.input('own', [width, width]),
  ];
  const product = b.matmul(b.slice(rows, 1, { end: start }), b.slice(above, 1, { end: start }));
  b.output('panel', b.unary('neg', b.matmul(own, product)));
  return b.build();
}
