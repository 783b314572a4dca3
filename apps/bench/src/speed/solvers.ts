import {
  cg,
  jacobi,
  nystrom,
  pivotedCholesky,
  randomlyPivotedCholesky,
  type CgOptions,
  type Preconditioner,
} from '@ntk/cg';
import {
  choleskySolver,
  matrixOperator,
  relativeResiduals,
  type LinearOperator,
  type LinearSolver,
  type SolverState,
} from '@ntk/linop';
import { NtkError, Rng, type Backend, type Tensor } from '@ntk/tensor';
import { solverProblem, type SolverProblem } from './solver-problem.ts';
import { time, type Timing } from './timing.ts';

/** One solver on one system. */
export interface SolverRow {
  readonly solver: string;
  /** Preparation and solution together. */
  readonly timing: Timing;
  readonly steps: number;
  /** Largest true relative residual of the right-hand sides, from a product in float64. */
  readonly residual: number;
}

/** Times of solvers to one residual, all from one run. */
export interface SolversReport {
  readonly suite: 'solvers';
  readonly problem: string;
  readonly seed: number;
  readonly rows: readonly SolverRow[];
}

const RTOL = 1e-6;
const COLUMNS = 8;
const RANK = 100;

/**
 * Times each solver with each preconditioner, its vectors on the host or on the backend, on eight right-hand sides to a relative residual of 1e-6. The matrix
 * is stored and its products run on the backend in float64.
 *
 * @throws {NtkError} if a solver that says converged has not reached the residual
 */
export async function solversSuite(
  backend: Backend,
  name: string,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<SolversReport> {
  const problem = await solverProblem(backend, name, seed);
  const { A } = problem;
  using operator = matrixOperator(A, { backend, tags: ['positive-definite'] });
  using b = backend.upload(new Rng(seed).fork('right-hand sides').normals(COLUMNS * A.rows), [COLUMNS, A.rows]);
  const rows: SolverRow[] = [];
  for (const { solver, run } of solversFor(problem, backend)) rows.push({ solver, ...(await run(operator, b)) });
  return { suite: 'solvers', problem: `${problem.title}, ${COLUMNS} right-hand sides to ${RTOL}`, seed, rows };
}

interface NamedSolver {
  readonly solver: string;
  readonly run: (operator: LinearOperator, b: Tensor) => Promise<Omit<SolverRow, 'solver'>>;
}

function solversFor({ noiseVariance }: SolverProblem, backend: Backend): NamedSolver[] {
  const rank = { rank: RANK, noiseVariance };
  const preconditioners: readonly (readonly [string, Preconditioner | undefined])[] = [
    ['', undefined],
    [', Jacobi', jacobi()],
    [`, pivoted Cholesky of rank ${RANK}`, pivotedCholesky(rank)],
    [`, randomly pivoted Cholesky of rank ${RANK}`, randomlyPivotedCholesky({ ...rank, rng: new Rng('pivots') })],
    [`, Nyström of rank ${RANK}`, nystrom({ ...rank, rng: new Rng('sketch') })],
  ];
  const conjugateGradients = (name: string, options: CgOptions): NamedSolver => ({
    solver: name,
    run: (...system) => timeSolver(cg({ rtol: RTOL, ...options }), ...system),
  });
  return [
    { solver: 'Cholesky on the host', run: (...system) => timeSolver(choleskySolver({}), ...system) },
    { solver: `Cholesky on ${backend.name}`, run: (...system) => timeSolver(choleskySolver({ backend }), ...system) },
    ...preconditioners.flatMap(([name, preconditioner]) => {
      const options = preconditioner === undefined ? {} : { preconditioner };
      return [
        conjugateGradients(`CG, vectors on the host${name}`, options),
        conjugateGradients(`CG, vectors on ${backend.name}${name}`, { ...options, backend }),
      ];
    }),
    conjugateGradients('CG, vectors on the host, reorthogonalised', { reorthogonalize: true }),
  ];
}

async function timeSolver<State extends SolverState>(
  solver: LinearSolver<State>,
  operator: LinearOperator,
  b: Tensor,
): Promise<Omit<SolverRow, 'solver'>> {
  let [steps, residual] = [0, Infinity];
  const timing = await time(
    async () => {
      using state = await solver.init(operator);
      const { value, status, stats } = await solver.compute(state, b);
      steps = stats.steps;
      residual = Math.max(...(await relativeResiduals(operator, value, b)));
      value.dispose();
      if (status === 'converged' && !(residual <= 1.01 * RTOL))
        throw new NtkError(`solvers: converged, but the true residual is ${residual}, expected at most ${RTOL}`);
    },
    { warmup: 1, runs: 3 },
  );
  return { timing, steps, residual };
}

/** A report of solvers as text for a terminal. */
export function formatSolversReport({ problem, rows }: SolversReport): string {
  const width = Math.max(...rows.map(({ solver }) => solver.length));
  return [
    problem,
    ...rows.map(({ solver, timing: { median, min, max }, steps, residual }) => {
      const times = `${median.toFixed(1).padStart(8)} ms (${min.toFixed(1)} to ${max.toFixed(1)})`;
      return `  ${solver.padEnd(width)} ${times.padEnd(30)} ${String(steps).padStart(5)} steps, residual ${residual.toExponential(1)}`;
    }),
  ].join('\n');
}
