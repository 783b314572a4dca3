import { adapt, describeMethod, planAdaptation, type AdaptedNetwork, type Plan } from '@ntk/adapt';
import type { LayerSelection } from '@ntk/jacobian';
import { denseNetwork } from '@ntk/models';
import { Rng, formatBytes, formatSeconds, type Backend } from '@ntk/tensor';
import { meanDiagonal } from '../speed/mean-diagonal.ts';

/** A problem of a size at which memory decides. */
export interface ScaleProblem {
  readonly n: number;
  readonly layers: LayerSelection;
  readonly space: 'function' | 'parameter';
  readonly solver: 'cg' | 'auto';
  /** Test examples whose mean and variance are predicted. */
  readonly m: number;
}

/** MLP 2-500-500-2 on ten thousand examples by conjugate gradients, and its last layer on a hundred thousand. */
export const SCALE_PROBLEMS: Readonly<Record<string, ScaleProblem>> = {
  'mlp-10k': { n: 10_000, layers: 'all', space: 'function', solver: 'cg', m: 4 },
  'last-layer-100k': { n: 100_000, layers: 'last', space: 'parameter', solver: 'auto', m: 1000 },
};

/** Noise variance in units of the mean diagonal of the kernel. */
const NOISE = 0.02;

/** Relative residual asked of the solver. */
const RTOL = 1e-4;

/** What a run took, beside what its plan said. */
export interface ScaleReport {
  readonly name: string;
  readonly plan: Plan;
  /** Steps of the iterative solver and its ‖b − A x‖ / ‖b‖, recomputed with a float64 product; absent for a Cholesky factor. */
  readonly solution: { readonly steps: number; readonly residual: number } | undefined;
  readonly adaptSeconds: number;
  readonly predictSeconds: number;
  /** Largest resident set of the process so far: run one problem in a process. */
  readonly peakBytes: number;
}

/**
 * Adapts at scale in float64 and predicts, and compares time and memory with the plan.
 *
 * @param peakBytes - the largest resident set of this process so far
 */
export async function scaleRun(backend: Backend, name: string, peakBytes: () => number): Promise<ScaleReport> {
  const { n, m, ...choices } = SCALE_PROBLEMS[name]!;
  const rng = new Rng(name);
  const network = denseNetwork({ inputs: 2, hidden: [500, 500], outputs: 2, rng: rng.fork('weights') });
  const x = rng.normals(2 * n);
  const y = Float64Array.from(x, (value) => Math.sin(2 * value) + 0.1 * rng.normal());
  const noise = NOISE * (await meanDiagonal(network, x.subarray(0, 1000), backend, choices.layers));
  const options = {
    backend,
    ...choices,
    dtype: 'float64',
    noise,
    priorVariance: 1,
    rtol: RTOL,
    predictions: m,
  } as const;
  const plan = planAdaptation(network, n, options);
  const start = performance.now();
  using adapted = await adapt(network, { x, y }, options);
  const adaptedAt = performance.now();
  await adapted.predict(rng.normals(2 * m));
  const end = performance.now();
  return {
    name,
    plan,
    solution: solutionOf(adapted),
    adaptSeconds: (adaptedAt - start) / 1000,
    predictSeconds: (end - adaptedAt) / 1000,
    peakBytes: peakBytes(),
  };
}

function solutionOf({ solution }: AdaptedNetwork): ScaleReport['solution'] {
  if (solution === undefined) return undefined;
  const { steps, residual } = solution.stats;
  return { steps, residual: Math.max(...residual) };
}

/** A report as lines of text. */
export function formatScaleReport(report: ScaleReport): string {
  const { name, plan, solution, adaptSeconds, predictSeconds, peakBytes } = report;
  const { n, c, p, m } = plan.sizes;
  const solved =
    solution === undefined
      ? ''
      : ` (${solution.steps} steps, true relative residual ${solution.residual.toExponential(1)})`;
  return [
    `${name}: ${n} examples, ${c} outputs, ${p} parameters; ${describeMethod(plan.method)} on ${plan.backend}`,
    `  adapted in ${formatSeconds(adaptSeconds)}${solved}, ${m} examples predicted in ${formatSeconds(predictSeconds)}`,
    `  planned ${formatSeconds(plan.seconds)} with a verdict, and ${formatBytes(plan.bytes)}; peak ${formatBytes(peakBytes)}, ${(peakBytes / plan.bytes).toFixed(2)} of it`,
  ].join('\n');
}
