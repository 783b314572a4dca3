import {
  checkInputs,
  hostData,
  HostTensor,
  OwnershipError,
  shapeOf,
  UnsupportedError,
  dtypeOf,
  type Backend,
  type DType,
  type Primitive,
  type Tensor,
} from '@ntk/tensor';
import type { GpuInstance } from './gpu-module.ts';
import { GpujsExecutable } from './gpujs-executable.ts';
import { Kernels } from './kernels.ts';
import { rules } from './lower/table.ts';

/** The backend of gpu.js, with what it holds. */
export interface GpujsBackend extends Backend {
  /** Kernels alive: one for each operation used so far, whatever the sizes. */
  readonly kernels: number;
  /** Destroys the kernels; the GPU stays with its owner. Later runs throw OwnershipError. */
  destroy(): void;
  [Symbol.dispose](): void;
}

/**
 * Makes a backend for linear algebra of the gpu.js that the caller hands in, in float32: products of matrices, + − · ÷ √ |x|, sums, and what
 * moves elements. Whatever else a Program holds throws UnsupportedError at `compile`.
 *
 * Tensors are host arrays; operands go to the device with every operation, so it pays for large products alone.
 *
 * @param gpu - a `new GPU()` of gpu.js 2.24; its owner destroys it
 */
export function gpujsBackend(gpu: GpuInstance): GpujsBackend {
  const kernels = new Kernels(gpu);
  const name = 'gpujs';
  const backend: GpujsBackend = {
    name,
    supports: {
      float32: true,
      float64: false,
      primitives: new Set(Object.keys(rules) as Primitive[]),
      deviceResident: false,
    },
    get kernels() {
      return kernels.count;
    },
    destroy: () => kernels.destroy(),
    [Symbol.dispose]: () => kernels.destroy(),
    upload: (data, shape) => {
      checkDType(name, dtypeOf(data));
      return new HostTensor(backend, data, shape);
    },
    compile: async (program, { dtype }) => {
      checkDType(name, dtype);
      return new GpujsExecutable(backend, kernels, program);
    },
    run: async (executable, inputs) => {
      checkInputs(executable, inputs);
      if (executable.backend !== backend || !(executable instanceof GpujsExecutable)) {
        throw new OwnershipError(
          `${name}: got an executable of ${executable.backend.name}, expected one that this backend compiled`,
        );
      }
      const arrays = inputs.map((tensor) => hostData(tensor, backend) as Float32Array);
      const { program } = executable;
      const results = await executable.run(arrays);
      return results.map(
        (data, i): Tensor => new HostTensor(backend, data, shapeOf(program, program.outputs[i]!.value)),
      );
    },
    read: async (tensor) => hostData(tensor, backend),
  };
  return backend;
}

function checkDType(name: string, dtype: DType): void {
  if (dtype !== 'float32')
    throw new UnsupportedError(`${name}: got ${dtype}, expected float32; the cpu and ort backends have float64`);
}
