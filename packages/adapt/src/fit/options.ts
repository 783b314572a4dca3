import type { LayerSelection } from '@ntk/jacobian';
import { OptionError, type Backend, type DType } from '@ntk/tensor';

/** Where the prior of the adapted function is centred: on the trained network, on zero, or on an unknown constant for each output. */
export type MeanKind = 'network' | 'zero' | 'constant';

/** Where the linear algebra happens: over the N = n·c training rows, or over the p parameters. The results are equal. */
export type Space = 'function' | 'parameter';

/**
 * What is kept of the covariance between outputs. `full`: all of it. `independent`: none, each output has a kernel of its own. `shared`: none, and
 * all outputs have the same kernel, the average of theirs.
 */
export type OutputsLayout = 'full' | 'independent' | 'shared';

/** How a network is adapted. */
export interface AdaptOptions {
  /** Runs the network's Programs. */
  readonly backend: Backend;
  /** dtype of the products with the Jacobian; 'auto' is float64 where the backend has it. All other algebra is float64. */
  readonly dtype?: DType | 'auto';
  /** Layers whose parameters vary; 'all' unless named. */
  readonly layers?: LayerSelection;
  /** 'network' unless named. */
  readonly mean?: MeanKind;
  /** Noise variance σ² in squared units of the targets, or 'learn' (default): by maximising the evidence. */
  readonly noise?: number | 'learn';
  /** Prior variance s² of every parameter's deviation from its trained value, or 'learn' (default). */
  readonly priorVariance?: number | 'learn';
  /** 'auto' (default) is the smaller of N and p. */
  readonly space?: Space | 'auto';
  /** Called as the work goes on. */
  readonly onProgress?: (stage: string) => void;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly layers: LayerSelection;
  readonly mean: MeanKind;
  readonly noise: number | 'learn';
  readonly priorVariance: number | 'learn';
  readonly space: Space | 'auto';
  readonly onProgress: (stage: string) => void;
}

/**
 * Fills in defaults and checks what can be checked without data.
 *
 * @throws {OptionError} if a variance is not positive
 */
export function resolveOptions(options: AdaptOptions): ResolvedOptions {
  const {
    backend,
    dtype = 'auto',
    layers = 'all',
    mean = 'network',
    noise = 'learn',
    priorVariance = 'learn',
    space = 'auto',
  } = options;
  checkVariance('noise', noise);
  checkVariance('priorVariance', priorVariance);
  const resolved = dtype === 'auto' ? (backend.supports.float64 ? 'float64' : 'float32') : dtype;
  return {
    backend,
    dtype: resolved,
    layers,
    mean,
    noise,
    priorVariance,
    space,
    onProgress: options.onProgress ?? (() => undefined),
  };
}

function checkVariance(name: string, value: number | 'learn'): void {
  if (value === 'learn' || (value > 0 && Number.isFinite(value))) return;
  throw new OptionError(
    `${name}: got ${value}, expected 'learn' or a positive number; for exact data give a small one`,
  );
}
