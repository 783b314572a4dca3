import { allocate, asDType, type Backend, type DType, type Network, type Tensor, type TypedArray } from '@ntk/tensor';

/** The parameters of a network during training: the chosen ones as one flat array that changes, the others as they are. */
export class ParameterVector {
  /** The chosen parameters one after another, [p]. */
  readonly flat: TypedArray;
  readonly #network: Network;
  readonly #dtype: DType;
  readonly #chosen: readonly number[];
  readonly #views: ReadonlyMap<number, TypedArray>;

  /** @param chosen - positions in `network.parameters` of those that change */
  constructor(network: Network, chosen: readonly number[], dtype: DType) {
    this.#network = network;
    this.#dtype = dtype;
    this.#chosen = chosen;
    const lengths = chosen.map((parameter) => network.values[parameter]!.length);
    this.flat = allocate(
      dtype,
      lengths.reduce((sum, length) => sum + length, 0),
    );
    const views = new Map<number, TypedArray>();
    let start = 0;
    chosen.forEach((parameter, i) => {
      const view = this.flat.subarray(start, start + lengths[i]!);
      view.set(network.values[parameter]!);
      views.set(parameter, view);
      start += lengths[i]!;
    });
    this.#views = views;
  }

  /** Uploads the parameters that do not change; null at the places of the chosen ones. The caller disposes them. */
  uploadFixed(backend: Backend): (Tensor | null)[] {
    return this.#network.parameters.map(({ shape }, i) =>
      this.#views.has(i) ? null : backend.upload(asDType(this.#network.values[i]!, this.#dtype), shape),
    );
  }

  /** Uploads the chosen parameters as they are now. The caller disposes them, before they change again. */
  uploadChosen(backend: Backend): Tensor[] {
    return this.#chosen.map((parameter) =>
      backend.upload(this.#views.get(parameter)!, this.#network.parameters[parameter]!.shape),
    );
  }

  /** The network with these values: new arrays in the precision that the given network has. */
  toNetwork(flat: TypedArray): Network {
    let start = 0;
    const values = this.#network.values.map((old, parameter) => {
      const value = old.slice();
      if (!this.#views.has(parameter)) return value;
      value.set(flat.subarray(start, start + old.length));
      start += old.length;
      return value;
    });
    return { ...this.#network, values };
  }
}

/** Puts the chosen parameters into the gaps of the fixed ones. */
export function fillGaps(fixed: readonly (Tensor | null)[], chosen: readonly Tensor[]): Tensor[] {
  let next = 0;
  return fixed.map((tensor) => tensor ?? chosen[next++]!);
}
