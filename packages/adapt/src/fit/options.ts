import type { LayerSelection } from '@ntk/jacobian';
import type { Matrix } from '@ntk/linop';
import { OptionError, type Backend, type DType } from '@ntk/tensor';
import type { OutputsLayout, PreconditionerKind, Solver, Space } from '../plan/method.ts';
import type { Plan } from '../plan/plan.ts';
import { ratesOf, type Rates } from '../plan/rates.ts';

/** Where the prior of the adapted function is centred: on the trained network, on zero, or on an unknown constant for each output. */
export type MeanKind = 'network' | 'zero' | 'constant';

/**
 * Noise of the targets, in their squared units: one variance for all, one for each output [c], or one for each target [n·c]; or what is learned by maximising
 * the evidence: one variance ('learn'), or one for each output ('learn-outputs').
 */
export type NoiseOption = number | Float64Array | 'learn' | 'learn-outputs';

/** How a network is adapted. */
export interface AdaptOptions {
  /** Runs the network's Programs. */
  readonly backend: Backend;
  /**
   * Multiplies by stored matrices inside conjugate gradients and LSMR, and factorises; the network's backend unless given. If it is given and lacks
   * float64, the plan has no Cholesky factors; where it is less precise than the products with the network, these judge and correct its solutions.
   */
  readonly solverBackend?: Backend;
  /**
   * dtype of the products with the Jacobian; all other algebra is float64. 'auto' is float64 where the backend has it, unless the plan finds that it
   * would not fit or take long.
   */
  readonly dtype?: DType | 'auto';
  /**
   * dtype of the products and sums that a kernel to be factorised is put together from. 'auto' (default) is float64 where the backend has it and that takes little longer: with
   * float32 the smallest noise variance that can be told from rounding is some 1e-7 of the kernel's diagonal for each row.
   */
  readonly productDtype?: DType | 'auto';
  /** Layers whose parameters vary; 'all' unless named. */
  readonly layers?: LayerSelection;
  /** 'network' unless named. */
  readonly mean?: MeanKind;
  /** 'learn' unless given. */
  readonly noise?: NoiseOption;
  /** Prior variance s² of every parameter's deviation from its trained value, or 'learn' (default). */
  readonly priorVariance?: number | 'learn';
  /** Rows whose evidence is maximised where variances are learned and there are more than 2,000: all of them (default), or a random sample of so many. Few parameters give the exact evidence of all rows either way. */
  readonly learnOn?: 'all' | 'sample';
  /** That of `plan` unless named, or 'full' without one. */
  readonly outputs?: OutputsLayout;
  /** 'auto' (default) leaves it to the plan. */
  readonly space?: Space | 'auto';
  /** 'auto' (default) leaves it to the plan. */
  readonly solver?: Solver | 'auto';
  /** Of conjugate gradients; 'auto' (default) leaves it to the plan. */
  readonly preconditioner?: PreconditionerKind | 'auto';
  /** Relative residual (LSMR: relative gradient) at which an iterative solver has converged; 1e-6 for float64, 1e-4 for float32 unless given. */
  readonly rtol?: number;
  /** Bytes that the process may use; 4 GiB unless given. */
  readonly memory?: number;
  /** Examples that will be predicted, for the plan; 1,000 unless given. */
  readonly predictions?: number;
  /** How fast the machine is, for the plan; the fixed table of the backend unless given. */
  readonly rates?: Rates;
  /** A plan to follow, instead of choosing one; its sizes must be those of the data, its backend this one, and no option may say otherwise. */
  readonly plan?: Plan;
  /**
   * What an iterative solver found for a posterior with the same method and prior mean, whose examples are the first of these
   * (`inference.posterior.unknowns`): it starts from there. A factor has no use for it.
   */
  readonly start?: Matrix;
  /** Called as the work goes on. */
  readonly onProgress?: (stage: string) => void;
}

/** Options with every default filled in; those of one data set are left out. */
export interface ResolvedOptions
  extends Required<Omit<AdaptOptions, 'solverBackend' | 'plan' | 'rtol' | 'predictions' | 'start'>> {
  readonly solverBackend: Backend | undefined;
  readonly plan: Plan | undefined;
  /** Whether the plan is to have leave-one-out in closed form. */
  readonly needsLeaveOneOut: boolean;
  readonly rtol: number | undefined;
  readonly predictions: number | undefined;
}

/** Bytes that a process may use where nothing is said. */
export const DEFAULT_MEMORY: number = 4 * 2 ** 30;

/**
 * Fills in defaults and checks what can be checked without data.
 *
 * @throws {OptionError} if a number is out of its domain
 */
export function resolveOptions(options: AdaptOptions): ResolvedOptions {
  const { noise = 'learn', priorVariance = 'learn', rtol, memory = DEFAULT_MEMORY, predictions } = options;
  for (const value of typeof noise === 'string' ? [] : typeof noise === 'number' ? [noise] : noise)
    checkPositive('noise', value, "'learn' or a positive number; for exact data give a small one");
  if (priorVariance !== 'learn') checkPositive('priorVariance', priorVariance, "'learn' or a positive number");
  if (rtol !== undefined) checkPositive('rtol', rtol, 'a positive number, such as 1e-6');
  checkPositive('memory', memory, 'a positive number of bytes');
  if (predictions !== undefined && !(Number.isInteger(predictions) && predictions >= 0))
    throw new OptionError(`predictions: got ${predictions}, expected a number of examples`);
  return {
    backend: options.backend,
    solverBackend: options.solverBackend,
    dtype: options.dtype ?? 'auto',
    productDtype: options.productDtype ?? 'auto',
    layers: options.layers ?? 'all',
    mean: options.mean ?? 'network',
    noise,
    priorVariance,
    learnOn: options.learnOn ?? 'all',
    outputs: options.outputs ?? options.plan?.layout ?? 'full',
    space: options.space ?? 'auto',
    solver: options.solver ?? 'auto',
    preconditioner: options.preconditioner ?? 'auto',
    rtol,
    memory,
    predictions,
    rates: options.rates ?? ratesOf(options.backend),
    plan: options.plan,
    needsLeaveOneOut: false,
    onProgress: options.onProgress ?? (() => undefined),
  };
}

function checkPositive(name: string, value: number, expected: string): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new OptionError(`${name}: got ${value}, expected ${expected}`);
}
