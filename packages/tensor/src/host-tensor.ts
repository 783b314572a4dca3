import type { Backend, Tensor } from './backend.ts';
import { dtypeOf, type DType, type TypedArray } from './dtype.ts';
import { OwnershipError, ShapeError } from './errors.ts';
import { checkShape, formatShape, sizeOf, type Shape } from './shape.ts';

/** A tensor of a backend whose data live in host memory. */
export class HostTensor implements Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly backend: Backend;
  #data: TypedArray | undefined;

  /**
   * @param data - row-major elements; kept by reference
   * @throws {ShapeError} if their number does not fit the shape
   */
  constructor(backend: Backend, data: TypedArray, shape: Shape) {
    checkShape(shape, `${backend.name}.upload`);
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(
        `${backend.name}.upload: got ${data.length} elements, expected ${sizeOf(shape)} for the shape ${formatShape(shape)}`,
      );
    }
    this.backend = backend;
    this.shape = [...shape];
    this.dtype = dtypeOf(data);
    this.#data = data;
  }

  /** @throws {OwnershipError} after `dispose` */
  get data(): TypedArray {
    if (this.#data === undefined) {
      throw new OwnershipError(
        `${this.backend.name}: a tensor of shape ${formatShape(this.shape)} was used after it was disposed`,
      );
    }
    return this.#data;
  }

  dispose(): void {
    this.#data = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * The host data of a tensor.
 *
 * @throws {OwnershipError} if the tensor belongs to another backend, or was disposed
 */
export function hostData(tensor: Tensor, backend: Backend): TypedArray {
  if (tensor.backend !== backend || !(tensor instanceof HostTensor)) {
    throw new OwnershipError(
      `${backend.name}: got a tensor of ${tensor.backend.name}, expected one of its own; use transfer()`,
    );
  }
  return tensor.data;
}
