import { type Program, ProgramBuilder, ShapeError, type Tensor } from '@ntk/tensor';
import { checkCompatible } from '../checks.ts';
import { matrix } from '../dense/matrix.ts';
import type { LinearOperator } from '../operator.ts';
import { BlockPrograms } from './block-programs.ts';
import { defineOperator } from './define.ts';
import { toMatrix } from './probe.ts';

/**
 * Operators stacked on top of each other, such as the Jacobians of the shards of a data set.
 *
 * The transpose is the sum over the shards, Σ A_iᵀ x_i.
 *
 * @param parts - at least one, all with the same columns, dtype and backend; borrowed for the life of the stack
 * @throws {ShapeError | DTypeError | OwnershipError} if they differ
 *
 * Cost of matmul: one of each part.
 */
export function stackOperator(parts: readonly LinearOperator[]): LinearOperator {
  return stackOf(parts, []);
}

// The stack; the operators in `owned` are disposed with it.
function stackOf(parts: readonly LinearOperator[], owned: readonly LinearOperator[]): LinearOperator {
  const { dtype, backend, shape } = checkCompatible(parts, 'stackOperator');
  const columns = shape[1];
  for (const part of parts) {
    if (part.shape[1] !== columns) {
      throw new ShapeError(`stackOperator: got parts of ${columns} and ${part.shape[1]} columns, expected equal ones`);
    }
  }
  const heights = parts.map((part) => part.shape[0]);
  const rows = heights.reduce((sum, height) => sum + height, 0);
  const programs = new BlockPrograms(backend, dtype, (k) => concatProgram(k, heights));
  return defineOperator({
    name: 'stackOperator',
    shape: [rows, columns],
    dtype,
    backend,
    tags: new Set(),
    matmul: async (x, k) => {
      const products: Tensor[] = [];
      try {
        for (const part of parts) products.push(await part.matmul(x)); // [k, height]
        return await programs.run(k, products); // [k, rows]
      } finally {
        for (const product of products) product.dispose();
      }
    },
    transpose: () => sideBySide(parts.map((part) => part.transpose())),
    toMatrix: async () => {
      const result = matrix(rows, columns);
      let row = 0;
      for (const part of parts) {
        const block = await toMatrix(part);
        result.data.set(block.data, row * columns);
        row += block.rows;
      }
      return result;
    },
    dispose: () => {
      for (const resource of [programs, ...owned]) resource.dispose();
    },
  });
}

// [A₁ᵀ A₂ᵀ …]; it owns the transposes.
function sideBySide(parts: readonly LinearOperator[]): LinearOperator {
  const { dtype, backend, shape } = checkCompatible(parts, 'stackOperator.transpose');
  const widths = parts.map((part) => part.shape[1]);
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const columns = widths.reduce((sum, width) => sum + width, 0);
  const slices = widths.map(
    (width, i) => new BlockPrograms(backend, dtype, (k) => sliceProgram(k, columns, starts[i]!, width)),
  );
  const sums = new BlockPrograms(backend, dtype, (k) => addProgram(k, shape[0]));
  const partOf = async (x: Tensor, k: number, i: number): Promise<Tensor> => {
    using slice = await slices[i]!.run(k, [x]); // [k, width]
    return await parts[i]!.matmul(slice); // [k, rows]
  };
  return defineOperator({
    name: 'stackOperator.transpose',
    shape: [shape[0], columns],
    dtype,
    backend,
    tags: new Set(),
    matmul: async (x, k) => {
      let total = await partOf(x, k, 0);
      for (let i = 1; i < parts.length; i++) {
        using sum = total;
        using next = await partOf(x, k, i);
        total = await sums.run(k, [sum, next]);
      }
      return total;
    },
    transpose: () => {
      const transposes = parts.map((part) => part.transpose());
      return stackOf(transposes, transposes);
    },
    dispose: () => {
      for (const resource of [...slices, sums, ...parts]) resource.dispose();
    },
  });
}

function concatProgram(k: number, heights: readonly number[]): Program {
  const b = new ProgramBuilder('stackMatmul');
  const values = heights.map((height, i) => b.input(`y${i}`, [k, height]));
  b.output('y', b.concat(values, 1));
  return b.build();
}

function sliceProgram(k: number, columns: number, start: number, width: number): Program {
  const b = new ProgramBuilder('stackSlice');
  const x = b.input('x', [k, columns]);
  b.output('part', b.slice(x, 1, { start, end: start + width }));
  return b.build();
}

function addProgram(k: number, rows: number): Program {
  const b = new ProgramBuilder('stackSum');
  b.output('sum', b.add(b.input('a', [k, rows]), b.input('b', [k, rows])));
  return b.build();
}
