import {
  kernelPlanner,
  linearizationCost,
  memoryPlanner,
  type KernelPlan,
  type KernelPlanOptions,
  type LayerSelection,
  type LinearizationCost,
  type MemoryOptions,
  type MemoryPlan,
} from '@ntk/jacobian';
import type { Network } from '@ntk/tensor';

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
  readonly learnsOn: LearnedRows;
  /** How linearizations stay within their memory, which decides what they take. */
  readonly memoryOf: (request: MemoryOptions) => MemoryPlan;
  /** How kernels are computed, layer by layer. */
  readonly kernelOf: (request: KernelRequest) => KernelPlan;
}

/** A kernel of the network in question. */
export type KernelRequest = Pick<
  KernelPlanOptions,
  'n' | 'm' | 'outputs' | 'dtype' | 'productDtype' | 'rates' | 'memoryBytes'
>;

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
  const memoryOf = remembered(memoryPlanner(network, options.layers));
  const kernels = kernelPlanner(network, options.layers, memoryOf);
  return {
    n,
    c: cost.outputs,
    p: cost.parameters,
    m: options.predictions ?? DEFAULT_PREDICTIONS,
    cost,
    learnsOn: options.learnsOn,
    memoryOf,
    // In the form that linearizations have unless they are told otherwise.
    kernelOf: remembered((request) => kernels({ ...request, factorForm: 'cheapest' })),
  };
}

// Candidates ask the same questions.
function remembered<Request, Answer>(answer: (request: Request) => Answer): (request: Request) => Answer {
  const known = new Map<string, Answer>();
  return (request) => {
    const key = JSON.stringify(request);
    const found = known.get(key) ?? answer(request);
    known.set(key, found);
    return found;
  };
}

/** Sizes as a phrase. */
export function describeSizes({ n, c, p, m }: Sizes): string {
  return `${n} examples with ${c} output${c === 1 ? '' : 's'}, ${p} parameters, ${m} examples to predict`;
}
