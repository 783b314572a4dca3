import { OptionError, ShapeError, asDType, type Network, type TypedArray } from '@ntk/tensor';
import { selectParameters } from './layers.ts';
import type { Likelihood } from './likelihoods/likelihood.ts';
import { linearize, type LinearizeOptions } from './linearize.ts';

/** How the finite difference is taken. */
export interface FisherFdOptions extends Omit<LinearizeOptions, 'scales'> {
  /** ε, the step along v; 1e-3 unless named, as in the paper's code. */
  readonly epsilon?: number;
}

/**
 * The paper's Fisher-vector product: the gradient of KL(p(y|θ̂) ‖ p(y|θ̂ + εv)) in its second argument, divided by ε. A baseline only.
 *
 * It is neither symmetric nor positive semi-definite, so conjugate gradients on it are invalid, and in float32 rounding and truncation leave at best three
 * digits, whatever ε is. `ggnOperator` gives the exact product for less.
 *
 * @param x - examples, [n, …exampleShape]; borrowed
 * @param v - direction in the chosen parameters, [p]; borrowed
 * @returns F v, [p], in float64; the caller's
 * @throws {ShapeError} if `v` has not p entries
 * @throws {OptionError} if ε is not positive
 *
 * Cost: two forward passes and one backward pass, for each direction. Source: Maddox et al. (2021), section 3.3.
 */
export async function fisherVectorProductFd(
  network: Network,
  x: TypedArray,
  v: Float64Array,
  likelihood: Likelihood,
  options: FisherFdOptions,
): Promise<Float64Array> {
  const { epsilon = 1e-3, ...where } = options;
  if (!(epsilon > 0))
    throw new OptionError(`fisherVectorProductFd: got epsilon ${epsilon}, expected a positive number`);
  using here = await linearize(network, x, where);
  if (v.length !== here.p)
    throw new ShapeError(`fisherVectorProductFd: got a direction of ${v.length} entries, expected ${here.p}`);
  const expected = likelihood.mean(Float64Array.from(await here.backend.read(here.outputs)));
  using there = await linearize(moved(network, v, { ...where, epsilon }), x, where);
  const gradient = likelihood.gradient(Float64Array.from(await there.backend.read(there.outputs)), expected);
  using u = there.backend.upload(asDType(gradient, there.dtype), [1, gradient.length]);
  using product = await there.jacobian.transpose().matmul(u);
  return Float64Array.from(await there.backend.read(product), (value) => value / epsilon);
}

/** The network at θ̂ + εv. */
function moved(
  network: Network,
  v: Float64Array,
  { layers = 'all', epsilon }: { layers?: LinearizeOptions['layers']; epsilon: number },
): Network {
  const values = [...network.values];
  let start = 0;
  for (const chosen of selectParameters(network, layers)) {
    const from = start;
    values[chosen] = Float64Array.from(values[chosen]!, (value, i) => value + epsilon * v[from + i]!);
    start += values[chosen].length;
  }
  return { ...network, values };
}
