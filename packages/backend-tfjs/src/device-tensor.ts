import { formatShape, OwnershipError, type Backend, type DType, type Shape, type Tensor } from '@ntk/tensor';
import type { NativeTensor } from './tfjs-module.ts';

/** A tensor of this backend: a native tensor, which is its own alone, and the shape in the Program. */
export class DeviceTensor implements Tensor {
  readonly shape: Shape;
  readonly dtype: DType = 'float32';
  readonly backend: Backend;
  #native: NativeTensor | undefined;

  /** @param native - kept, disposed by `dispose` */
  constructor(backend: Backend, native: NativeTensor, shape: Shape) {
    this.backend = backend;
    this.shape = [...shape];
    this.#native = native;
  }

  /** @throws {OwnershipError} after `dispose` */
  get native(): NativeTensor {
    if (this.#native === undefined) {
      throw new OwnershipError(
        `${this.backend.name}: a tensor of shape ${formatShape(this.shape)} was used after it was disposed`,
      );
    }
    return this.#native;
  }

  dispose(): void {
    this.#native?.dispose();
    this.#native = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * The native tensor of a tensor.
 *
 * @throws {OwnershipError} if the tensor belongs to another backend, or was disposed
 */
export function nativeOf(tensor: Tensor, backend: Backend): NativeTensor {
  if (tensor.backend !== backend || !(tensor instanceof DeviceTensor)) {
    throw new OwnershipError(
      `${backend.name}: got a tensor of ${tensor.backend.name}, expected one of its own; use transfer()`,
    );
  }
  return tensor.native;
}
