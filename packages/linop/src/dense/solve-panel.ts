import { type Backend, type Program, ProgramBuilder, type Tensor, type Value } from '@ntk/tensor';
import { blockOf, setBlock, subBlock } from './block.ts';
import { type TriangleValues, invertTriangle, solveInverted } from './inverted-triangle.ts';
import type { Matrix } from './matrix.ts';

/** Columns that are finished together: wider panels make larger products, and leave more to the host. */
export const PANEL = 256;

/** Size of the triangles that are inverted, so that solving with them is a product. */
const TRIANGLE = 64;

/** Consecutive rows of a matrix. */
export interface Rows {
  readonly of: Matrix;
  readonly first: number;
  readonly count: number;
}

/**
 * One panel of columns of X Lᵀ = B, in float64 products of a backend: X_j = (B_j − X_{<j} L_{j,<j}ᵀ) L_jj⁻ᵀ, triangle by triangle with inverses.
 *
 * @param x - right-hand sides, [k, n]: X in the columns before the panel, B in those of the panel, where X takes its place
 * @param l - the rows of L that belong to the panel, at most PANEL; the first is row `l.first` of L, lower triangular, [n, n]
 *
 * Cost: k·width·(l.first + width/2) multiply-adds on the backend. Where a triangle is ill-conditioned, one step of refinement gives the residual of
 * substitution. Source: Du Croz & Higham (1992), Stability of methods for matrix inversion.
 */
export async function solvePanel(backend: Backend, x: Matrix, l: Rows): Promise<void> {
  await solveTriangles(backend, { x, l, first: l.first, width: l.count }, (shape) => forwardProgram(shape));
}

/**
 * One panel of columns of X L = B, as `solvePanel`: X_j = (B_j − X_{>j} L_{>j,j}) L_jj⁻¹.
 *
 * @param x - right-hand sides, [k, n]: X in the columns after the panel, B in those of the panel, where X takes its place
 * @param l - the rows of L from the panel on, to the last; the panel are its first `width` columns from column `l.first` on, at most PANEL
 *
 * Cost: k·width·(n − l.first − width/2) multiply-adds on the backend.
 */
export async function solvePanelTransposed(backend: Backend, x: Matrix, l: Rows, width: number): Promise<void> {
  await solveTriangles(backend, { x, l, first: l.first, width }, (shape) => backwardProgram(shape));
}

interface Panel {
  readonly x: Matrix;
  readonly l: Rows;
  /** The first of its columns, and how many there are. */
  readonly first: number;
  readonly width: number;
}

async function solveTriangles(
  backend: Backend,
  { x, l, first, width }: Panel,
  programOf: (shape: PanelShape) => Program,
): Promise<void> {
  const ranges = rangesOf(first, width);
  const triangles = ranges.map(({ start, end }) =>
    invertTriangle(subBlock(blockOf(l.of), start, start, end - start, end - start)),
  );
  const refine = triangles.some(({ isWellConditioned }) => !isWellConditioned);
  const program = programOf({ n: l.of.columns, rows: l.count, right: x.rows, start: first, width, refine });
  using executable = await backend.compile(program, { dtype: 'float64' });
  const squares = [
    ...triangles.map(({ inverse }) => inverse),
    ...(refine ? triangles.map(({ entries }) => entries) : []),
  ];
  const inputs = [
    backend.upload(x.data, [x.rows, x.columns]),
    uploadRows(backend, l),
    ...squares.map(({ data, rows }) => backend.upload(data, [rows, rows])),
  ];
  try {
    const outputs = await backend.run(executable, inputs);
    for (const [i, { start, end }] of ranges.entries()) {
      using solved = outputs[i]!;
      setBlock(subBlock(blockOf(x), 0, start, x.rows, end - start), await backend.read(solved));
    }
  } finally {
    inputs.forEach((tensor) => tensor.dispose());
  }
}

/** Rows as a tensor that aliases them; nobody writes them before it is disposed. */
function uploadRows(backend: Backend, { of, first, count }: Rows): Tensor {
  const n = of.columns;
  return backend.upload(of.data.subarray(first * n, (first + count) * n), [count, n]);
}

interface PanelShape {
  readonly n: number;
  /** Of L that are given. */
  readonly rows: number;
  /** Right-hand sides. */
  readonly right: number;
  readonly start: number;
  readonly width: number;
  readonly refine: boolean;
}

/** Outputs X of each triangle, in the order of their columns. */
function forwardProgram(shape: PanelShape): Program {
  const { start, width } = shape;
  const panel = panelInputs(shape);
  const { p, x, l } = panel;
  const times = (value: Value, factor: Value): Value => p.matmul(value, factor, { transposeB: true });
  let rest = p.slice(x, 1, { start, end: start + width });
  if (start > 0) rest = p.sub(rest, times(p.slice(x, 1, { end: start }), p.slice(l, 1, { end: start })));
  const solved: Value[] = [];
  for (const [i, range] of rangesOf(start, width).entries()) {
    const columns = { start: range.start - start, end: range.end - start };
    let own = p.slice(rest, 1, columns);
    if (i > 0) {
      const factor = p.slice(p.slice(l, 1, { start, end: range.start }), 0, columns);
      own = p.sub(own, times(p.concat(solved, 1), factor));
    }
    solved.push(solveInverted(p, own, triangleOf(panel, i), times));
  }
  solved.forEach((part, i) => p.output(`x${i}`, part));
  return p.build();
}

/** As `forwardProgram`, from the last triangle to the first. */
function backwardProgram(shape: PanelShape): Program {
  const { n, rows, start, width } = shape;
  const panel = panelInputs(shape);
  const { p, x, l } = panel;
  const times = (value: Value, factor: Value): Value => p.matmul(value, factor);
  const columns = p.slice(l, 1, { start, end: start + width }); // [rows, width]
  let rest = p.slice(x, 1, { start, end: start + width });
  if (rows > width)
    rest = p.sub(rest, times(p.slice(x, 1, { start: start + width, end: n }), p.slice(columns, 0, { start: width })));
  let solved: Value[] = [];
  for (const [i, range] of [...rangesOf(start, width).entries()].reverse()) {
    const own = { start: range.start - start, end: range.end - start };
    let right = p.slice(rest, 1, own);
    if (solved.length > 0) {
      const factor = p.slice(p.slice(columns, 0, { start: own.end, end: width }), 1, own);
      right = p.sub(right, times(p.concat(solved, 1), factor));
    }
    solved = [solveInverted(p, right, triangleOf(panel, i), times), ...solved];
  }
  solved.forEach((part, i) => p.output(`x${i}`, part));
  return p.build();
}

interface PanelInputs {
  readonly p: ProgramBuilder;
  readonly x: Value;
  readonly l: Value;
  readonly inverses: readonly Value[];
  /** Only where solutions are refined. */
  readonly triangles: readonly Value[];
}

function panelInputs({ n, rows, right, start, width, refine }: PanelShape): PanelInputs {
  const p = new ProgramBuilder('triangular-solve');
  const [x, l] = [p.input('x', [right, n]), p.input('l', [rows, n])];
  const declare = (name: string): Value[] =>
    rangesOf(start, width).map(({ start, end }) => p.input(`${name}${start}`, [end - start, end - start]));
  return { p, x, l, inverses: declare('inverse'), triangles: refine ? declare('triangle') : [] };
}

/** The triangle of a panel with index i. */
function triangleOf({ inverses, triangles }: PanelInputs, i: number): TriangleValues {
  return { inverse: inverses[i]!, entries: triangles[i] };
}

/** The triangles of a panel, by their columns. */
function rangesOf(start: number, width: number): { readonly start: number; readonly end: number }[] {
  return Array.from({ length: Math.ceil(width / TRIANGLE) }, (_, i) => ({
    start: start + i * TRIANGLE,
    end: start + Math.min((i + 1) * TRIANGLE, width),
  }));
}
