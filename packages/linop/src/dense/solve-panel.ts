import { type Backend, type Program, ProgramBuilder, type TypedArray, type Value } from '@ntk/tensor';
import { type Block, lowerMatrix, packBlock, setBlock, subBlock } from './block.ts';
import { invertLower } from './inverse.ts';
import type { Matrix } from './matrix.ts';

/** Columns that are finished together: wider panels make larger products, and leave more to the host. */
export const PANEL = 256;

/** Size of the triangles that are inverted, so that solving with them is a product. */
const TRIANGLE = 64;

/** Condition number of a triangle beyond which the product with its inverse is refined: it has that many times the residual of substitution. */
const WELL_CONDITIONED = 100;

/**
 * Solves X Lᵀ = B for a panel, in float64 products of a backend: block by block with inverted triangles.
 *
 * @param l - lower triangular, at most [PANEL, PANEL]; the entries above the diagonal are not read
 * @param b - [k, PANEL], packed; borrowed
 * @param x - where the solution is written, [k, PANEL]
 *
 * Cost: k·PANEL²/2 multiply-adds on the backend. Where a triangle is ill-conditioned, one step of refinement gives the residual of substitution.
 * Source: Du Croz & Higham (1992), Stability of methods for matrix inversion.
 */
export async function solvePanel(backend: Backend, l: Block, b: TypedArray, x: Block): Promise<void> {
  const width = l.rows;
  const triangles = starts(width).map((start) => {
    const size = Math.min(TRIANGLE, width - start);
    return lowerMatrix(subBlock(l, start, start, size, size));
  });
  const inverses = triangles.map((triangle) => invertLower(triangle));
  const refine = triangles.some((triangle, i) => rowSumNorm(triangle) * rowSumNorm(inverses[i]!) > WELL_CONDITIONED);
  using executable = await backend.compile(solveProgram(x.rows, width, refine), { dtype: 'float64' });
  const inputs = [
    backend.upload(b, [x.rows, width]),
    backend.upload(packBlock(l), [width, width]),
    ...inverses.map(({ data, rows }) => backend.upload(data, [rows, rows])),
    ...(refine ? triangles.map(({ data, rows }) => backend.upload(data, [rows, rows])) : []),
  ];
  try {
    const outputs = await backend.run(executable, inputs);
    for (const [i, start] of starts(width).entries()) {
      using solved = outputs[i]!;
      setBlock(subBlock(x, 0, start, x.rows, solved.shape[1]!), await backend.read(solved));
    }
  } finally {
    inputs.forEach((tensor) => tensor.dispose());
  }
}

/** X_i = (B_i − Σ_{j<i} X_j L_ijᵀ) L_ii⁻ᵀ; inputs B, L, the inverses, and the triangles where they refine. */
function solveProgram(rows: number, width: number, refine: boolean): Program {
  const p = new ProgramBuilder('triangular-solve');
  const b = p.input('b', [rows, width]);
  const l = p.input('l', [width, width]);
  const ranges = starts(width).map((start) => ({ start, end: Math.min(start + TRIANGLE, width) }));
  const declare = (name: string): Value[] =>
    ranges.map(({ start, end }) => p.input(`${name}${start}`, [end - start, end - start]));
  const inverses = declare('inverse');
  const triangles = refine ? declare('triangle') : [];
  const times = (x: Value, matrix: Value): Value => p.matmul(x, matrix, { transposeB: true });
  const solved: Value[] = [];
  for (const [i, range] of ranges.entries()) {
    let rest = p.slice(b, 1, range);
    if (i > 0) rest = p.sub(rest, times(p.concat(solved, 1), p.slice(p.slice(l, 0, range), 1, { end: range.start })));
    let x = times(rest, inverses[i]!);
    if (refine) x = p.add(x, times(p.sub(rest, times(x, triangles[i]!)), inverses[i]!));
    solved.push(x);
  }
  solved.forEach((x, i) => p.output(`x${i}`, x));
  return p.build();
}

function starts(width: number): number[] {
  return Array.from({ length: Math.ceil(width / TRIANGLE) }, (_, i) => i * TRIANGLE);
}

/** The largest sum of absolute values in a row. */
function rowSumNorm({ rows, columns, data }: Matrix): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += Math.abs(data[i * columns + j]!);
    largest = Math.max(largest, sum);
  }
  return largest;
}
