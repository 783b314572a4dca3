import {
  linearizationCost,
  planKernel,
  type KernelPlanOptions,
  type LayerSelection,
  type LinearizationCost,
} from '@ntk/jacobian';
import { exampleShape, sizeOf, type Network } from '@ntk/tensor';

/** The sizes that decide how long a method takes and what it needs. */
export interface Sizes {
  /** Training examples. */
  readonly n: number;
  /** Outputs. */
  readonly c: number;
  /** Parameters that vary. */
  readonly p: number;
  /** Examples to predict with variances. */
  readonly m: number;
}

/** The rows whose evidence variances are learned from: none where both are given. */
export type LearnedRows = 'none' | 'all' | 'sample';

/** A problem as a plan sees it: sizes, what each example costs, and what variances are learned from. */
export interface PlanProblem extends Sizes {
  readonly cost: LinearizationCost;
  /** Numbers of an example's input. */
  readonly inputs: number;
  readonly learnsOn: LearnedRows;
  /** Seconds that a kernel takes, layer by layer. */
  readonly kernelSeconds: (kernel: KernelRequest) => number;
}

/** A kernel of the network in question. */
export type KernelRequest = Pick<KernelPlanOptions, 'n' | 'm' | 'outputs' | 'dtype' | 'rates'>;

/** Examples whose variances a plan counts on where it is not told how many will be predicted. */
const DEFAULT_PREDICTIONS = 1000;

/**
 * The sizes of a problem, from the network and the number of examples alone.
 *
 * @param options.predictions - examples to predict; 1,000 unless named
 */
export function planProblem(
  network: Network,
  n: number,
  options: {
    readonly layers: LayerSelection;
    readonly learnsOn: LearnedRows;
    readonly predictions?: number | undefined;
  },
): PlanProblem {
  const cost = linearizationCost(network, options.layers);
  return {
    n,
    c: cost.outputs,
    p: cost.parameters,
    m: options.predictions ?? DEFAULT_PREDICTIONS,
    cost,
    inputs: sizeOf(exampleShape(network)),
    learnsOn: options.learnsOn,
    kernelSeconds: remembered((kernel) => planKernel(network, { ...kernel, layers: options.layers }).seconds),
  };
}

// Candidates ask the same questions.
function remembered(answer: (kernel: KernelRequest) => number): (kernel: KernelRequest) => number {
  const known = new Map<string, number>();
  return (kernel) => {
    const key = JSON.stringify(kernel);
    const seconds = known.get(key) ?? answer(kernel);
    known.set(key, seconds);
    return seconds;
  };
}

/** Sizes as a phrase. */
export function describeSizes({ n, c, p, m }: Sizes): string {
  return `${n} examples with ${c} output${c === 1 ? '' : 's'}, ${p} parameters, ${m} examples to predict`;
}
