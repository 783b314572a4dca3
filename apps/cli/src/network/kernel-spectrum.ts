import { kernelMatrix, linearize, type LinearizeOptions } from '@ntk/jacobian';
import { eigenvaluesOf } from '@ntk/linop';
import { exampleCount, exampleShape, outputCount, sizeOf, type Network } from '@ntk/tensor';

/** Rows of the kernel beyond which its spectrum is that of a sample: 2/3·N³ operations in plain TypeScript. */
const MAX_ROWS = 1000;

/** The spectrum of a network's tangent kernel J Jᵀ on some inputs. */
export interface KernelSpectrum {
  /** Examples that it was computed on, evenly spaced where there are many. */
  readonly examples: number;
  /** Of how many. */
  readonly given: number;
  /** Descending; none below 0, as rounding may give. */
  readonly eigenvalues: Float64Array;
  readonly trace: number;
  /** Eigenvalues above rounding: larger than N·ε times the largest. */
  readonly rank: number;
  /** (Σλ)²/Σλ²: how many directions share the trace. */
  readonly effectiveDimension: number;
}

/**
 * The eigenvalues of the kernel on inputs.
 *
 * @param x - [n, …exampleShape], row-major; borrowed
 */
export async function kernelSpectrum(
  network: Network,
  x: Float64Array,
  options: LinearizeOptions,
): Promise<KernelSpectrum> {
  const given = exampleCount(network, x.length);
  const examples = Math.min(given, Math.max(1, Math.floor(MAX_ROWS / outputCount(network))));
  const size = sizeOf(exampleShape(network));
  const sample = new Float64Array(examples * size);
  for (let i = 0; i < examples; i++) {
    const row = Math.floor((i * given) / examples);
    sample.set(x.subarray(row * size, (row + 1) * size), i * size);
  }
  using linearization = await linearize(network, sample, options);
  const kernel = await kernelMatrix(linearization);
  const eigenvalues = eigenvaluesOf(kernel, { inPlace: true })
    .reverse()
    .map((value) => Math.max(0, value));
  const trace = eigenvalues.reduce((sum, value) => sum + value, 0);
  const shares = eigenvalues.map((value) => value / trace);
  const squares = shares.reduce((sum, share) => sum + share * share, 0);
  const floor = eigenvalues.length * Number.EPSILON * eigenvalues[0]!;
  return {
    examples,
    given,
    eigenvalues,
    trace,
    rank: eigenvalues.filter((value) => value > floor).length,
    effectiveDimension: trace === 0 ? 0 : 1 / squares,
  };
}
