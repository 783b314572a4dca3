import { type Backend, type Program, ProgramBuilder, type Tensor, type TypedArray } from '@ntk/tensor';
import { type Block, blockOf, setBlock, subBlock } from './block.ts';
import { NO_PIVOT, factorLower } from './factor-lower.ts';
import { type InvertedTriangle, invertTriangle } from './inverted-triangle.ts';
import type { Matrix } from './matrix.ts';
import { type SolverMemory, triangleSolver } from './triangle-solver.ts';

/** Rows of the blocks on the diagonal, which the host factorises and inverts, at most: larger ones leave more to the host, smaller ones more products. */
const LARGEST_BLOCK = 128;

/** Rows that are solved for together, in blocks: more of them use up the caches. */
const CHUNK = 4;

/**
 * As `factorLower`, with nearly all work in float64 products of a backend. The matrix is halved again and again: A₁₁ = L₁₁ L₁₁ᵀ, L₂₁ L₁₁ᵀ = A₂₁, and what is left is
 * A₂₂ − L₂₁ L₂₁ᵀ. So products are large and have few shapes, two or three for each halving: a backend that keeps compiled Programs compiles them once for all calls.
 *
 * @param backend - must support float64
 * @param a - [n, n]; only the lower triangle is used and written
 * @param floors - smallest acceptable pivot, one for each row
 * @returns index of the failed pivot, or NO_PIVOT; after a failure the lower triangle is undefined
 *
 * Cost: n³/6 multiply-adds on the backend, some 5,000·n on the host; up to 0.4 n² entries of memory. Source: Gustavson (1997), Recursion leads to automatic variable
 * blocking.
 */
export async function factorLowerOn(backend: Backend, a: Matrix, floors: Float64Array): Promise<number> {
  const n = a.rows;
  const unit = blockSize(n);
  const blocks: InvertedTriangle[] = [];
  const memory = memoryFor(n, unit);
  for (let first = 0; first < n; first += unit) {
    const size = Math.min(unit, n - first);
    const own = subBlock(blockOf(a), first, first, size, size);
    const failed = factorLower(own, floors, first);
    if (failed !== NO_PIVOT) return failed;
    if (first + size === n) break;
    blocks.push(invertTriangle(own));
    await finishTriangle(backend, a, { blocks, unit, memory });
  }
  return NO_PIVOT;
}

/** n halved, rounding up, until the host takes it. */
function blockSize(n: number): number {
  return n <= LARGEST_BLOCK ? n : blockSize(Math.ceil(n / 2));
}

function memoryFor(n: number, unit: number): SolverMemory {
  let widest = unit;
  while (2 * widest < n) widest *= 2;
  return {
    panels: new Float64Array(Math.min(widest, CHUNK * unit) * widest),
    triangle: new Float64Array(widest ** 2 / 2),
  };
}

interface Progress {
  /** Those on the diagonal that are factorised. */
  readonly blocks: readonly InvertedTriangle[];
  readonly unit: number;
  readonly memory: SolverMemory;
}

/**
 * The last block makes one triangle complete, the first half of a square that was not finished yet: as many blocks as the largest power of two that divides their
 * number. Solves for the rows of L below it and subtracts their products from the second half.
 */
async function finishTriangle(backend: Backend, a: Matrix, { blocks, unit, memory }: Progress): Promise<void> {
  const count = blocks.length & -blocks.length;
  const [width, end] = [count * unit, blocks.length * unit];
  const first = end - width;
  const height = Math.min(width, CHUNK * unit);
  const below = subBlock(blockOf(a), end, first, Math.min(width, a.rows - end), width);
  const solved: Tensor[] = [];
  try {
    using solver = await triangleSolver(backend, { of: a, first, blocks: blocks.slice(-count) }, height, memory);
    for (let row = 0; row < below.rows; row += height) {
      const chunk = subBlock(below, row, 0, Math.min(height, below.rows - row), width);
      const x = await solver.solve(chunk);
      solved.push(x);
      setBlock(chunk, await backend.read(x));
    }
    await subtractProducts(backend, subBlock(blockOf(a), end, end, below.rows, below.rows), {
      chunks: solved,
      unit,
    });
  } finally {
    solved.forEach((tensor) => tensor.dispose());
  }
}

/** Rows of one chunk, multiplied by the first `columns` rows of another one or of the same. */
interface Strip {
  readonly first: number;
  readonly end: number;
  readonly columns: number;
}

/** Subtracts X Xᵀ from the lower triangle of a Block, for X in chunks of rows, [height, width]; those beyond the Block are not used. */
async function subtractProducts(
  backend: Backend,
  block: Block,
  { chunks, unit }: { readonly chunks: readonly Tensor[]; readonly unit: number },
): Promise<void> {
  const height = chunks[0]!.shape[0]!;
  const toDiagonal = Array.from({ length: height / unit }, (_, i): Strip => {
    return { first: i * unit, end: (i + 1) * unit, columns: (i + 1) * unit };
  });
  for (const [i, left] of chunks.entries()) {
    for (const [j, right] of chunks.slice(0, i + 1).entries()) {
      const strips = i === j ? toDiagonal : [{ first: 0, end: height, columns: height }];
      const products = await multiplyStrips(backend, { left, right, strips });
      for (const [k, { first, end, columns }] of strips.entries()) {
        using product = products[k]!;
        const row = i * height + first;
        const rows = Math.min(end - first, block.rows - row);
        const target = subBlock(block, row, j * height, rows, columns);
        subtractLower(target, await backend.read(product), row - j * height);
      }
    }
  }
}

interface StripProduct {
  /** [height, width]. */
  readonly left: Tensor;
  readonly right: Tensor;
  readonly strips: readonly Strip[];
}

async function multiplyStrips(backend: Backend, { left, right, strips }: StripProduct): Promise<Tensor[]> {
  const width = left.shape[1]!;
  using executable = await backend.compile(stripProgram(strips, width), { dtype: 'float64' });
  const [rows, columns] = [await backend.read(left), await backend.read(right)];
  const view = (data: TypedArray, first: number, end: number): Tensor =>
    backend.upload(data.subarray(first * width, end * width), [end - first, width]);
  const inputs = strips.flatMap((strip) => [view(rows, strip.first, strip.end), view(columns, 0, strip.columns)]);
  try {
    return await backend.run(executable, inputs);
  } finally {
    inputs.forEach((tensor) => tensor.dispose());
  }
}

function stripProgram(strips: readonly Strip[], width: number): Program {
  const b = new ProgramBuilder('cholesky-product');
  const inputs = strips.map(({ first, end, columns }, i) => ({
    rows: b.input(`rows${i}`, [end - first, width]),
    columns: b.input(`columns${i}`, [columns, width]),
  }));
  inputs.forEach(({ rows, columns }, i) => b.output(`product${i}`, b.matmul(rows, columns, { transposeB: true })));
  return b.build();
}

/**
 * Subtracts entries, row by row, from a Block with unit column stride. `below` is how far its first row lies below its first column: entry (i, j) is subtracted
 * where j ≤ i + below.
 */
function subtractLower({ data, offset, rows, columns, rowStride }: Block, entries: TypedArray, below: number): void {
  for (let i = 0; i < rows; i++) {
    const end = Math.min(columns, i + below + 1);
    const [to, from] = [offset + i * rowStride, i * columns];
    for (let j = 0; j < end; j++) data[to + j]! -= entries[from + j]!;
  }
}
