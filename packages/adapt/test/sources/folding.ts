import { sizeOf, type Network } from '@ntk/tensor';

/** A convolution and the normalisation that a converter put into it. */
export interface Folded {
  readonly convolution: string;
  readonly normalization: string;
  readonly epsilon: number;
}

/** Values by the name of their parameter. */
type Slots = Map<string, Float64Array>;

/**
 * The parameter map of a folding, θ' of θ: a filter w and a bias b with a normalisation γ, β, μ, σ² became w' = w s and b' = β + (b - μ) s, where
 * s = γ / √(σ² + ε). What no folding touched is the same. With its derivative D, the Jacobian in θ is J' D.
 */
export class Folding {
  readonly #layers: Network;
  readonly #folded: readonly Folded[];

  constructor(layers: Network, folded: readonly Folded[]) {
    this.#layers = layers;
    this.#folded = folded;
  }

  /** D v: a change of θ, laid out as its trainable weights, to that of θ', by the names of θ: the offset b' has that of the bias. */
  tangent(v: Float64Array): Slots {
    const result = this.#split(v);
    for (const folded of this.#folded) {
      const { filter, bias, scale, shift, w, centred, s, r } = this.#parts(folded);
      const [dw, dGamma, dBeta] = [result.get(filter)!, result.get(scale)!, result.get(shift)!];
      const db = result.get(bias);
      const c = s.length;
      result.set(
        filter,
        dw.map((value, i) => s[i % c]! * value + w[i]! * r[i % c]! * dGamma[i % c]!),
      );
      result.set(
        bias,
        dBeta.map((value, i) => value + s[i]! * (db?.[i] ?? 0) + centred[i]! * r[i]! * dGamma[i]!),
      );
      result.delete(scale);
      result.delete(shift);
    }
    return result;
  }

  /** Dᵀ u: the opposite way, to the layout of the trainable weights of θ. */
  cotangent(u: ReadonlyMap<string, Float64Array>): Float64Array {
    const result = new Map(u);
    for (const folded of this.#folded) {
      const { filter, bias, scale, shift, w, centred, s, r } = this.#parts(folded);
      const [uw, ub] = [u.get(filter)!, u.get(bias)!];
      const c = s.length;
      const gamma = ub.map((value, i) => centred[i]! * r[i]! * value);
      uw.forEach((value, i) => (gamma[i % c]! += w[i]! * r[i % c]! * value));
      result.set(scale, gamma);
      result.set(shift, ub);
      result.set(
        filter,
        uw.map((value, i) => s[i % c]! * value),
      );
      result.set(
        bias,
        ub.map((value, i) => s[i]! * value),
      );
    }
    const names = this.#layers.parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
    return Float64Array.from(names.flatMap((name) => [...result.get(name)!]));
  }

  #split(v: Float64Array): Slots {
    let start = 0;
    return new Map(
      this.#layers.parameters
        .filter(({ trainable }) => trainable)
        .map(({ name, shape }) => [name, v.slice(start, (start += sizeOf(shape)))]),
    );
  }

  #parts({ convolution, normalization, epsilon }: Folded) {
    const [filter, bias] = [`${convolution}/kernel`, `${convolution}/bias`];
    const [scale, shift] = [`${normalization}/gamma`, `${normalization}/beta`];
    const w = this.#values(filter)!;
    const variance = this.#values(`${normalization}/moving_variance`)!;
    const mean = this.#values(`${normalization}/moving_mean`)!;
    const gamma = this.#values(scale)!;
    const b = this.#values(bias);
    const r = variance.map((value) => 1 / Math.sqrt(value + epsilon));
    const s = r.map((value, i) => gamma[i]! * value);
    return { filter, bias, scale, shift, w, r, s, centred: mean.map((value, i) => (b?.[i] ?? 0) - value) };
  }

  #values(name: string): Float64Array | undefined {
    const at = this.#layers.parameters.findIndex((parameter) => parameter.name === name);
    return at === -1 ? undefined : Float64Array.from(this.#layers.values[at]!);
  }
}
