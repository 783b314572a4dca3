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
import { NtkError, Rng, alignColumns, type Backend, type Tensor } from '@ntk/tensor';
import { findPython } from '../peers/find-python.ts';
import { solverProblem, type SolverProblem } from './solver-problem.ts';
import { solveByPeer } from './solvers-peer.ts';
import { time, type Timing } from './timing.ts';

/** One solver on one system. */
export interface SolverRow {
  readonly solver: string;
  /** Preparation and solution together, in milliseconds; the median of some runs. */
  readonly milliseconds: number;
  /** Of repeated runs, where there are any. */
  readonly timing?: Timing;
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
  /** Why there is no peer, where there is none. */
  readonly missing?: string;
}

const RTOL = 1e-6;
const COLUMNS = 8;
const RANK = 100;
/** It stops by the recursive residual, which is not the true one. */
const PEER_SLACK = 1.5;

/**
 * Times each solver with each preconditioner, its vectors on the host or on the backend, on eight right-hand sides to a relative residual of 1e-6. The matrix
 * is stored and its products run on the backend in float64. The released code's way, where PyTorch is found, runs the network for each product and each
 * right-hand side; what the matrix takes, which it never makes, is told beside the times.
 *
 * @throws {NtkError} if a solver that says converged has not reached the residual, or the peer has not
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
  const found = findPython();
  const { source } = problem;
  if (!('missing' in found) && source !== undefined)
    rows.push(await peerRow(found.python, { ...problem, source }, operator, b));
  const made = source === undefined ? '' : ` (made in ${source.kernelMs.toFixed(1)} ms, which is not in the times)`;
  const title = `${problem.title}${made}, ${COLUMNS} right-hand sides to ${RTOL.toExponential()}`;
  return { suite: 'solvers', problem: title, seed, rows, ...('missing' in found ? found : {}) };
}

async function peerRow(
  python: string,
  { source, noiseVariance }: Required<SolverProblem>,
  operator: LinearOperator,
  b: Tensor,
): Promise<SolverRow> {
  const { backend } = operator;
  const values = Float64Array.from(await backend.read(b));
  const system = { b: values, k: COLUMNS, noiseVariance, rtol: RTOL };
  const { solution, columns, ...row } = await solveByPeer(python, source, system);
  const n = values.length / COLUMNS;
  using x = backend.upload(solution, [columns, n]);
  using solved = backend.upload(values.slice(0, columns * n), [columns, n]);
  const residual = Math.max(...(await relativeResiduals(operator, x, solved)));
  if (!(residual <= PEER_SLACK * RTOL))
    throw new NtkError(`solvers: the peer left a true residual of ${residual}, expected at most ${PEER_SLACK * RTOL}`);
  return { solver: `the released code's way, float64 (${columns} of ${COLUMNS} timed)`, ...row, residual };
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
  return { milliseconds: timing.median, timing, steps, residual };
}

/** A report of solvers as text for a terminal. */
export function formatSolversReport({ problem, rows, missing }: SolversReport): string {
  const fastest = Math.min(...rows.map(({ milliseconds }) => milliseconds));
  const table = [
    ['', 'ms', 'times the fastest', 'steps', 'true residual'],
    ...rows.map(({ solver, milliseconds, steps, residual }) => [
      solver,
      milliseconds.toFixed(1),
      (milliseconds / fastest).toFixed(1),
      String(steps),
      residual.toExponential(1),
    ]),
  ];
  return [
    problem,
    ...alignColumns(table, [1, 2, 3, 4]).map((line) => `  ${line}`),
    ...(missing === undefined ? [] : [`  no peer: ${missing}`]),
  ].join('\n');
}
