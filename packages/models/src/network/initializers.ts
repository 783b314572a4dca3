import { OptionError, type Rng } from '@ntk/tensor';

/** How the kernel of a dense layer is drawn: variance scale / fan, uniform or normal. */
export type Initializer = 'glorotUniform' | 'glorotNormal' | 'heUniform' | 'heNormal' | 'lecunUniform' | 'lecunNormal';

/** Variance of an entry of a kernel [inputs, outputs]. */
const variances: { readonly [I in Initializer]: (inputs: number, outputs: number) => number } = {
  glorotUniform: (inputs, outputs) => 2 / (inputs + outputs),
  glorotNormal: (inputs, outputs) => 2 / (inputs + outputs),
  heUniform: (inputs) => 2 / inputs,
  heNormal: (inputs) => 2 / inputs,
  lecunUniform: (inputs) => 1 / inputs,
  lecunNormal: (inputs) => 1 / inputs,
};

/**
 * A random kernel [inputs, outputs], row-major.
 *
 * The normal ones are not truncated, unlike in Keras; the variance is the same.
 *
 * @throws {OptionError} if there is no such initializer
 *
 * Source: Glorot & Bengio (2010), He et al. (2015), LeCun et al. (1998).
 */
export function initialKernel(initializer: Initializer, inputs: number, outputs: number, rng: Rng): Float64Array {
  if (!Object.hasOwn(variances, initializer)) {
    throw new OptionError(
      `denseNetwork: got the initializer '${String(initializer)}', expected one of ${Object.keys(variances).join(', ')}`,
    );
  }
  const deviation = Math.sqrt(variances[initializer](inputs, outputs));
  const draw = initializer.endsWith('Uniform')
    ? () => Math.sqrt(3) * deviation * (2 * rng.uniform() - 1)
    : () => deviation * rng.normal();
  return Float64Array.from({ length: inputs * outputs }, draw);
}
