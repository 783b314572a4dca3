import { type Backend, type Program, ProgramBuilder, type Tensor, type Value } from '@ntk/tensor';
import { type Block, blockOf, packBlock, subBlock } from './block.ts';
import { type InvertedTriangle, solveInverted } from './inverted-triangle.ts';
import type { Matrix } from './matrix.ts';

/** A triangle on the diagonal of L, lower triangular, [n, n]. */
export interface DiagonalTriangle {
  readonly of: Matrix;
  /** Its first row and column. */
  readonly first: number;
  /** The blocks on its diagonal, inverted: as many as a power of two, all of one size. */
  readonly blocks: readonly InvertedTriangle[];
}

/** Memory to be used over and over: fresh pages take as long as the copies that go there. */
export interface SolverMemory {
  /** Right-hand sides, height · width entries. */
  readonly panels: Float64Array;
  /** What is below the blocks of the triangle, width²/2 entries. */
  readonly triangle: Float64Array;
}

/** Solves with one triangle; to be disposed. Its memory is taken until then. */
export interface TriangleSolver {
  /** X of X Tᵀ = B for the triangle T; B has at most `height` rows and unit column stride. X has `height`: after those of B rows of zeros. */
  solve(right: Block): Promise<Tensor>;
  [Symbol.dispose](): void;
}

/**
 * Solves with a triangle in float64 products of a backend. The triangle is halved again and again: X₁ T₁₁ᵀ = B₁, X₂ T₂₂ᵀ = B₂ − X₁ T₂₁ᵀ, until a block with a known
 * inverse is left. One Program serves all triangles of a size.
 *
 * Cost: rows·width·(width + unit)/2 multiply-adds on the backend, and three times as many for the inverses where one is ill-conditioned.
 */
export async function triangleSolver(
  backend: Backend,
  triangle: DiagonalTriangle,
  height: number,
  memory: SolverMemory,
): Promise<TriangleSolver> {
  const { blocks } = triangle;
  const refine = blocks.some(({ isWellConditioned }) => !isWellConditioned);
  const parts = partsOf(triangle, refine, memory.triangle);
  const unit = blocks[0]!.inverse.rows;
  const program = solveProgram(parts, { height, unit, count: blocks.length, refine });
  const executable = await backend.compile(program, { dtype: 'float64' });
  const upload = ({ data, rows, columns }: Matrix): Tensor => backend.upload(data, [rows, columns]);
  const uploaded = parts.map(upload);
  return {
    solve: async (right) => {
      const panels = panelsOf(right, { height, unit }, memory.panels).map(upload);
      try {
        const [x] = await backend.run(executable, [...panels, ...uploaded]);
        return x!;
      } finally {
        panels.forEach((tensor) => tensor.dispose());
      }
    },
    [Symbol.dispose]: () => {
      uploaded.forEach((tensor) => tensor.dispose());
      executable.dispose();
    },
  };
}

/** What a Program takes of a triangle, in the order of its use: that of the first half, the rows of T₂₁, that of the second half. */
function partsOf(triangle: DiagonalTriangle, refine: boolean, memory: Float64Array): Matrix[] {
  let used = 0;
  const visit = ({ of, first, blocks }: DiagonalTriangle): Matrix[] => {
    const { inverse, entries } = blocks[0]!;
    if (blocks.length === 1) return refine ? [inverse, entries] : [inverse];
    const half = blocks.length / 2;
    const unit = inverse.rows;
    const width = half * unit;
    const below = Array.from({ length: half }, (_, i): Matrix => {
      const data = memory.subarray(used, (used += unit * width));
      return {
        rows: unit,
        columns: width,
        data: packBlock(subBlock(blockOf(of), first + width + i * unit, first, unit, width), data),
      };
    });
    return [
      ...visit({ of, first, blocks: blocks.slice(0, half) }),
      ...below,
      ...visit({ of, first: first + width, blocks: blocks.slice(half) }),
    ];
  };
  return visit(triangle);
}

/** The columns of a Block in contiguous panels of `unit`, filled up with rows of zeros to `height`. */
function panelsOf(block: Block, { height, unit }: PanelShape, memory: Float64Array): Matrix[] {
  return Array.from({ length: block.columns / unit }, (_, i): Matrix => {
    const data = memory.subarray(i * height * unit, (i + 1) * height * unit);
    packBlock(subBlock(block, 0, i * unit, block.rows, unit), data).fill(0, block.rows * unit);
    return { rows: height, columns: unit, data };
  });
}

interface PanelShape {
  readonly height: number;
  readonly unit: number;
}

interface SolveShape extends PanelShape {
  readonly count: number;
  readonly refine: boolean;
}

function solveProgram(parts: readonly Matrix[], { height, unit, count, refine }: SolveShape): Program {
  const p = new ProgramBuilder('triangle-solve');
  const panels = Array.from({ length: count }, (_, i) => p.input(`right${i}`, [height, unit]));
  const inputs = parts.map(({ rows, columns }, i) => p.input(`triangle${i}`, [rows, columns]));
  const next = (): Value => inputs.shift()!;
  const times = (value: Value, factor: Value): Value => p.matmul(value, factor, { transposeB: true });
  const solve = (right: readonly Value[]): Value[] => {
    if (right.length === 1) {
      return [solveInverted(p, right[0]!, { inverse: next(), entries: refine ? next() : undefined }, times)];
    }
    const half = right.length / 2;
    const solved = solve(right.slice(0, half));
    const left = p.concat(solved, 1);
    const rest = right.slice(half).map((panel) => p.sub(panel, times(left, next())));
    return [...solved, ...solve(rest)];
  };
  p.output('x', p.concat(solve(panels), 1));
  return p.build();
}
