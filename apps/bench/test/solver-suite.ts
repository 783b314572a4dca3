import {
  cg,
  jacobi,
  lanczos,
  lsmr,
  multiShiftCg,
  nystrom,
  pivotedCholesky,
  randomlyPivotedCholesky,
  type Preconditioner,
} from '@ntk/cg';
import {
  cholesky,
  choleskySolve,
  diagonalOperator,
  eigenvaluesOf,
  gemm,
  matrix,
  matrixOperator,
  productOperator,
  scaledOperator,
  stackOperator,
  sumOperator,
  syrk,
  tridiagonalQuadrature,
  type LinearOperator,
  type Matrix,
} from '@ntk/linop';
import {
  geometricSpectrum,
  matrixWithSpectrum,
  randomMatrix,
  readBlock,
  roundedTo,
  testLinearOperator,
  testLinearSolver,
  testShiftedSolver,
  uploadBlock,
  type OperatorCase,
} from '@ntk/linop/testing';
import { Rng, unitRoundoff, type Backend, type DType } from '@ntk/tensor';
import { expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';

// A tenth of the smallest eigenvalue that the suite's matrices have.
const noiseVariance = 1e-4;

const PRECONDITIONERS: readonly (readonly [name: string, preconditioner: Preconditioner | undefined])[] = [
  ['none', undefined],
  ['jacobi', jacobi()],
  ['pivoted Cholesky', pivotedCholesky({ rank: 6, noiseVariance })],
  ['randomly pivoted Cholesky', randomlyPivotedCholesky({ rank: 6, noiseVariance, blockSize: 3, rng: new Rng(1) })],
  ['Nyström', nystrom({ rank: 6, noiseVariance, rng: new Rng(2) })],
];

/** Where the table runs. */
export interface SolverPlace {
  /** The backend's name in the titles. */
  readonly name: string;
  readonly open: () => Promise<Backend>;
  readonly dtype: DType;
}

/**
 * The table solvers × operators × preconditioners of one backend: the contracts of operators and solvers with operators there, and vectors
 * there or on the host.
 */
export async function testSolversOn(place: SolverPlace): Promise<void> {
  const { name, open, dtype } = place;
  testOperators(place);
  const there = { backend: await open(), dtype };
  for (const [where, vectors] of [
    ['the host', {}],
    [name, there],
  ] as const) {
    for (const [preconditionerName, preconditioner] of PRECONDITIONERS) {
      const title = `cg on ${name}, preconditioner ${preconditionerName}, vectors on ${where}`;
      const options = preconditioner === undefined ? vectors : { ...vectors, preconditioner };
      testLinearSolver(title, () => cg(options), { backend: open, dtypes: [dtype] });
    }
  }
  testShiftedSolver(`multi-shift cg on ${name}`, () => multiShiftCg(), { backend: open, dtypes: [dtype] });
  testKrylovSpaces(place);
}

function testOperators({ name, open, dtype }: SolverPlace): void {
  const rng = new Rng('operators');
  const a = roundedTo(randomMatrix(5, 9, rng), dtype);
  const definite = roundedTo(matrixWithSpectrum(geometricSpectrum(9, 100), rng), dtype);
  const variances = Float64Array.from({ length: 9 }, () => 0.1 + rng.uniform());
  const on = (backend: Backend) => ({ backend, dtype });
  const cases: Record<string, (backend: Backend) => OperatorCase> = {
    dense: (backend) => ({ operator: matrixOperator(a, on(backend)) }),
    'dense, transposed': (backend) => {
      const operator = matrixOperator(a, on(backend));
      return { operator: operator.transpose(), owned: [operator] };
    },
    diagonal: (backend) => ({ operator: diagonalOperator(variances, on(backend)) }),
    'K + Σ': (backend) => {
      const K = matrixOperator(definite, { ...on(backend), tags: ['positive-definite'] });
      const noise = diagonalOperator(variances, on(backend));
      return { operator: sumOperator([K, noise]), owned: [K, noise] };
    },
    's² J Jᵀ': (backend) => {
      const J = matrixOperator(a, on(backend));
      const transpose = J.transpose();
      const product = productOperator(J, transpose);
      return { operator: scaledOperator(product, 0.3), owned: [product, transpose, J] };
    },
    stack: (backend) => {
      const parts = [a, definite].map((part) => matrixOperator(part, on(backend)));
      return { operator: stackOperator(parts), owned: parts };
    },
  };
  for (const [operatorName, make] of Object.entries(cases))
    testLinearOperator(`${operatorName} on ${name} in ${dtype}`, make, { backend: open });
}

/** Solvers without a contract of their own: least squares, and tridiagonal form. */
function testKrylovSpaces({ name, open, dtype }: SolverPlace): void {
  const u = unitRoundoff(dtype);

  async function on(
    a: Matrix,
    tags: readonly 'symmetric'[],
    test: (A: LinearOperator) => Promise<void>,
  ): Promise<void> {
    const backend = trackTensors(await open());
    {
      using A = matrixOperator(a, { backend, dtype, tags });
      await test(A);
    }
    expect(backend.describeLive()).toEqual([]);
    expect(backend.liveExecutables).toBe(0);
  }

  describe(`Krylov spaces on ${name} in ${dtype}`, () => {
    it.each([
      [12, 5],
      [5, 12],
      [1, 1],
    ])('lsmr of %i rows and %i columns agrees with the normal equations', async (rows, columns) => {
      const rng = new Rng(rows);
      const damping = 0.5;
      const j = roundedTo(randomMatrix(rows, columns, rng), dtype);
      const b = roundedTo(randomMatrix(3, rows, rng), dtype);
      const normal = syrk(j, { transposeA: true });
      for (let i = 0; i < columns; i++) normal.data[i * columns + i]! += damping ** 2;
      const exact = choleskySolve(cholesky(normal).factor, gemm(b, j));
      await on(j, [], async (J) => {
        const solver = lsmr({ damping });
        using state = await solver.init(J);
        using right = uploadBlock(b, J.backend, dtype);
        const solution = await solver.compute(state, right);
        using value = solution.value;
        expect(solution.status).toBe('converged');
        const eigenvalues = eigenvaluesOf(normal);
        const condition = Math.sqrt(eigenvalues.at(-1)! / eigenvalues[0]!);
        const size = Math.hypot(...exact.data);
        expectAllclose((await readBlock(value)).data, exact.data, {
          atol: 4 * condition ** 2 * (u ** (2 / 3) + rows * u) * size,
        });
      });
    });

    it.each([1, 2, 25])('lanczos has all eigenvalues after n = %i steps', async (n) => {
      const rng = new Rng(n);
      const a = roundedTo(matrixWithSpectrum(geometricSpectrum(n, 1e4), rng), dtype);
      await on(a, ['symmetric'], async (A) => {
        for (const { tridiagonal } of await lanczos(A, randomMatrix(2, n, rng), { steps: n })) {
          const { nodes } = tridiagonalQuadrature(tridiagonal);
          // Eigenvalues below the rounding of the products end a run early.
          expect(nodes.length).toBeLessThanOrEqual(n);
          const expected = eigenvaluesOf(matrix(n, n, a.data.slice())).slice(n - nodes.length);
          expectAllclose(nodes, expected, { atol: 20 * n * u });
        }
      });
    });
  });
}
