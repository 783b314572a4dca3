import { UnsupportedError, type Backend, type DType } from '@ntk/tensor';
import { estimate, type Estimate } from './estimate.ts';
import {
  FORMS,
  type Method,
  type OutputsLayout,
  type PreconditionerChoice,
  type PreconditionerKind,
  type Solver,
  type Space,
} from './method.ts';
import type { Rates } from './rates.ts';
import type { PlanProblem } from './sizes.ts';

/** What a plan is free to choose; what is named is not. */
export interface PlanRequest {
  readonly space: Space | 'auto';
  readonly solver: Solver | 'auto';
  readonly preconditioner: PreconditionerKind | 'auto';
  /** 'auto' is float64 where the backend has it, and float32 where that would not fit or take long. */
  readonly dtype: DType | 'auto';
  /** Of kernels whose entries stay on the host; 'auto' is float64 where that is cheap. */
  readonly productDtype: DType | 'auto';
  /** What multiplies by stored matrices, where it is named. */
  readonly solverBackend: Pick<Backend, 'name' | 'supports'> | undefined;
  readonly layout: OutputsLayout;
  /** Whether leave-one-out must have a closed form. */
  readonly needsLeaveOneOut: boolean;
  /** Bytes that the process may use at its peak. */
  readonly memory: number;
  readonly rates: Rates;
}

/** A method, what it is expected to take, and why it is or is not the one. */
export interface Candidate extends Estimate {
  readonly method: Method;
  readonly verdict: 'chosen' | 'slower' | 'too large' | 'less exact';
}

/** Rank of a preconditioner, where there are as many rows or parameters. */
const RANK = 100;

/** Seconds that float64 may be expected to take before float32 is considered. */
const PATIENCE = 60;

/** Share of the time that float32 must save to be worth its rounding. */
const WORTHWHILE = 0.25;

/** Share of the time of a method that the products of its kernel may add where they are float64 instead of float32. */
const EXACT_PRODUCTS = 0.25;

/** How many times faster an iterative method must be than an exact one, which has leave-one-out and the evidence as well. */
const EXACTNESS = 2;

/**
 * All methods that a request allows, each with its estimate; the cheapest that fits is `chosen`, none where nothing fits.
 *
 * Where the dtype is open, float32 is considered only if no method in float64 fits or the fastest is expected to take more than a minute, and chosen if
 * it saves a quarter of that. An iterative method is chosen only where it is at least twice as fast as every exact one that fits.
 *
 * A kernel of float32 factors that is factorised has its products in float64 where the backend has them, that fits, and the method takes a quarter longer at most: its
 * rounding, which the smallest noise variance and the smallest variances cannot fall below, is then that of float64.
 *
 * @throws {UnsupportedError} if the backend lacks the dtype
 */
export function planCandidates(
  problem: PlanProblem,
  request: PlanRequest,
  { supports }: Pick<Backend, 'supports'>,
): Candidate[] {
  const [first, second] = dtypesOf(request.dtype, supports);
  checkProducts(request.productDtype, supports);
  const entries = estimatesIn(first, problem, { ...request, supports });
  let chosen = bestOf(entries, request.memory);
  if (second !== undefined && (chosen === undefined || chosen.seconds > PATIENCE)) {
    const others = estimatesIn(second, problem, { ...request, supports });
    const other = bestOf(others, request.memory);
    entries.push(...others);
    if (other !== undefined && (chosen === undefined || other.seconds < (1 - WORTHWHILE) * chosen.seconds))
      chosen = other;
  }
  return entries.map((entry) => ({ ...entry, verdict: verdictOn(entry, chosen, request.memory) }));
}

type Entry = Omit<Candidate, 'verdict'>;

type RequestOn = PlanRequest & Pick<Backend, 'supports'>;

function estimatesIn(dtype: DType, problem: PlanProblem, request: RequestOn): Entry[] {
  const rank = Math.min(RANK, Math.floor(Math.min(problem.n * problem.c, problem.p) / 2));
  const entryOf = (method: Method): Entry => ({
    method,
    ...estimate(problem, method, request),
  });
  return formsOf(request).map((form) => {
    const entries = preconditionersOf(form, request.preconditioner, rank).map((preconditioner) => {
      const method = { ...form, dtype, preconditioner };
      const products = productDtypesOf(method, request).map((productDtype) => entryOf({ ...method, productDtype }));
      return preciseOf(products, request.memory);
    });
    return entries.reduce((best, entry) => (entry.seconds < best.seconds ? entry : best));
  });
}

/** In what the products of a kernel can be, the cheapest first. A kernel that conjugate gradients multiply by is in the dtype of the products with J. */
function productDtypesOf(
  { solver, holds, dtype }: Pick<Method, 'solver' | 'holds' | 'dtype'>,
  { productDtype, supports }: RequestOn,
): DType[] {
  if (holds !== 'kernel' || solver !== 'cholesky') return [dtype];
  if (productDtype !== 'auto') return [productDtype];
  return dtype === 'float32' && supports.float64 ? ['float32', 'float64'] : [dtype];
}

/** The last of some entries that are ever more precise, if it costs little and fits where the first does. */
function preciseOf(entries: readonly Entry[], memory: number): Entry {
  const [first, last] = [entries[0]!, entries.at(-1)!];
  const isCheap = last.seconds <= (1 + EXACT_PRODUCTS) * first.seconds;
  return isCheap && (last.bytes <= memory || first.bytes > memory) ? last : first;
}

function bestOf(entries: readonly Entry[], memory: number): Entry | undefined {
  const weighted = ({ seconds, method }: Entry): number => (method.solver === 'cholesky' ? 1 : EXACTNESS) * seconds;
  return entries
    .filter(({ bytes }) => bytes <= memory)
    .reduce<Entry | undefined>(
      (best, entry) => (best === undefined || weighted(entry) < weighted(best) ? entry : best),
      undefined,
    );
}

function verdictOn(entry: Entry, chosen: Entry | undefined, memory: number): Candidate['verdict'] {
  if (entry === chosen) return 'chosen';
  if (entry.bytes > memory) return 'too large';
  return entry.seconds < (chosen?.seconds ?? 0) ? 'less exact' : 'slower';
}

function dtypesOf(wanted: DType | 'auto', supports: Backend['supports']): [DType, DType?] {
  if (wanted === 'auto' && supports.float64 && supports.float32) return ['float64', 'float32'];
  if (wanted === 'auto') return [supports.float64 ? 'float64' : 'float32'];
  if (supports[wanted]) return [wanted];
  const other = wanted === 'float64' ? 'float32' : 'float64';
  throw new UnsupportedError(`plan: got dtype ${wanted}, expected ${other}, which is what the backend has`);
}

function checkProducts(wanted: DType | 'auto', supports: Backend['supports']): void {
  if (wanted === 'auto' || supports[wanted]) return;
  throw new UnsupportedError(
    `plan: got productDtype ${wanted}, which the backend lacks, expected 'auto'; leave productDtype out`,
  );
}

function formsOf(request: PlanRequest): typeof FORMS {
  return FORMS.filter(
    ({ space, solver, holds }) =>
      (request.space === 'auto' || request.space === space) &&
      (request.solver === 'auto' || request.solver === solver) &&
      (request.layout === 'full' || (solver === 'cholesky' && holds === 'kernel')) &&
      (!request.needsLeaveOneOut || (solver === 'cholesky' && holds !== 'information')) &&
      isServed({ solver, holds }, request.solverBackend),
  );
}

/** Whether a method has use for the backend that was named for it: without float64, one that multiplies by a stored matrix. */
function isServed(
  { solver, holds }: Pick<Method, 'solver' | 'holds'>,
  solverBackend: PlanRequest['solverBackend'],
): boolean {
  if (solverBackend === undefined || solverBackend.supports.float64) return true;
  return solver !== 'cholesky' && (holds === 'kernel' || holds === 'jacobian');
}

const NONE: PreconditionerChoice = { kind: 'none', rank: 0 };

/** The preconditioners that come into question for a form; a Nyström sketch must save more steps than it costs. */
function preconditionersOf(
  { solver, space }: Pick<Method, 'solver' | 'space'>,
  wanted: PreconditionerKind | 'auto',
  rank: number,
): PreconditionerChoice[] {
  if (solver !== 'cg' || wanted === 'none') return [NONE];
  if (wanted === 'jacobi') return [{ kind: 'jacobi', rank: 0 }];
  if (rank < 1) return [NONE];
  if (wanted === 'pivoted-cholesky' && space === 'function') return [{ kind: 'pivoted-cholesky', rank }];
  const sketch: PreconditionerChoice = { kind: 'nystrom', rank };
  return wanted === 'auto' ? [sketch, NONE] : [sketch];
}
