import { OwnershipError } from '@ntk/tensor';
import type { GpuInstance, GpuKernel } from './gpu-module.ts';

/** Extents of a kernel's threads: this.thread.x, y and z. */
export type Extents = readonly [x: number, y: number, z: number];

/**
 * The kernels of a backend, one for each source: sizes are arguments, so that their number is bounded. gpu.js keeps every kernel that was
 * ever made, destroyed ones too.
 */
export class Kernels {
  readonly #gpu: GpuInstance;
  readonly #bySource = new Map<string, GpuKernel>();
  #isDestroyed = false;

  constructor(gpu: GpuInstance) {
    this.#gpu = gpu;
  }

  get count(): number {
    return this.#bySource.size;
  }

  /**
   * Runs a kernel.
   *
   * @param source - a function in the JavaScript of gpu.js
   * @param values - its arguments; arrays are borrowed
   * @returns the output, row-major [z, y, x]; belongs to the caller
   * @throws {OwnershipError} after `destroy`
   */
  async run(source: string, extents: Extents, values: readonly (Float32Array | number)[]): Promise<Float32Array> {
    const kernel = this.#kernel(source);
    // Nothing may come between these two: kernels are shared.
    kernel.setOutput([...extents]);
    const pending = kernel(...values);
    const planes = (await pending) as readonly (readonly Float32Array[])[];
    return flatten(planes, extents);
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const kernel of this.#bySource.values()) kernel.destroy();
    this.#bySource.clear();
  }

  #kernel(source: string): GpuKernel {
    if (this.#isDestroyed)
      throw new OwnershipError('gpujs: the backend was used after it was destroyed; make another with gpujsBackend()');
    const known = this.#bySource.get(source);
    if (known !== undefined) return known;
    const kernel = this.#gpu.createKernel(source, {
      output: [1, 1, 1],
      dynamicOutput: true,
      dynamicArguments: true,
      precision: 'single',
      // Beyond this gpu.js leaves a loop without a word; its default is 1000.
      loopMaxIterations: 2 ** 30,
    });
    this.#bySource.set(source, kernel);
    return kernel;
  }
}

function flatten(planes: readonly (readonly Float32Array[])[], [x, y, z]: Extents): Float32Array {
  const flat = new Float32Array(x * y * z);
  planes.forEach((rows, plane) => rows.forEach((row, i) => flat.set(row, (plane * y + i) * x)));
  return flat;
}
