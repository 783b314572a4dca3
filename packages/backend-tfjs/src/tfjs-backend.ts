import {
  checkInputs,
  checkShape,
  dtypeOf,
  formatShape,
  OwnershipError,
  ShapeError,
  shapeOf,
  sizeOf,
  UnsupportedError,
  type Backend,
  type DType,
  type Primitive,
  type Shape,
  type Tensor,
  type TypedArray,
} from '@ntk/tensor';
import { DeviceTensor, nativeOf } from './device-tensor.ts';
import { rules } from './lower/table.ts';
import { TfjsExecutable } from './tfjs-executable.ts';
import type { MakesTensors, TfjsModule } from './tfjs-module.ts';
import { withSafeProducts } from './wasm-products.ts';

/** Engines whose tensors lie in this process' memory. */
const HOST_ENGINES: ReadonlySet<string> = new Set(['cpu', 'wasm']);

/** Engines index at most this many axes; tensors of more are flat there. */
const MAX_RANK = 4;

/**
 * Makes a backend of the TensorFlow.js that the caller hands in, on the engine that it has set: cpu, wasm, webgl, webgpu or tensorflow,
 * in float32.
 *
 * The engine must stay: set another one, and make another backend. `upload` may keep the array until its tensor is disposed. A run puts all
 * its operations in at once; on cpu and wasm it has then also computed them, and blocks the event loop until it has.
 *
 * @param tf - `@tensorflow/tfjs`, tfjs-core with a backend package, tfjs-node or tfjs-node-gpu
 * @throws {UnsupportedError} if the engine computes in 16 bits, as some mobile devices do
 */
export async function tfjsBackend<M extends MakesTensors>(
  tf: M & TfjsModule<ReturnType<M['tensor']>, ReturnType<M['tensor4d']>>,
): Promise<Backend> {
  await tf.ready();
  const engine = tf.getBackend();
  if (tf.backend().floatPrecision() !== 32) {
    throw new UnsupportedError(
      `tfjs-${engine}: this device computes in 16 bits, expected 32; choose the engine wasm or cpu by tf.setBackend()`,
    );
  }
  return makeBackend(engine === 'wasm' ? withSafeProducts(tf) : tf, engine);
}

function makeBackend(tf: TfjsModule, engine: string): Backend {
  const name = `tfjs-${engine}`;
  const backend: Backend = {
    name,
    supports: {
      float32: true,
      float64: false,
      primitives: new Set([...Object.keys(rules), 'constant'] as Primitive[]),
      deviceResident: !HOST_ENGINES.has(engine),
    },
    upload: (data, shape) => {
      checkData(name, data, shape);
      const native = tf.tensor(data as Float32Array, shape.length > MAX_RANK ? [data.length] : [...shape], 'float32');
      return new DeviceTensor(backend, tf.keep(native), shape);
    },
    compile: async (program, { dtype }) => {
      checkDType(name, dtype);
      return new TfjsExecutable(backend, tf, program);
    },
    run: async (executable, inputs) => {
      checkInputs(executable, inputs);
      if (executable.backend !== backend || !(executable instanceof TfjsExecutable)) {
        throw new OwnershipError(
          `${name}: got an executable of ${executable.backend.name}, expected one that this backend compiled`,
        );
      }
      const natives = inputs.map((tensor) => nativeOf(tensor, backend));
      if (tf.getBackend() !== engine) {
        throw new OwnershipError(
          `${name}: TensorFlow.js was set to ${tf.getBackend()} meanwhile, expected ${engine}; make a backend for each with tfjsBackend()`,
        );
      }
      const { program } = executable;
      return executable
        .run(natives)
        .map((native, i): Tensor => new DeviceTensor(backend, native, shapeOf(program, program.outputs[i]!.value)));
    },
    read: async (tensor) => (await nativeOf(tensor, backend).data()) as Float32Array,
  };
  return backend;
}

function checkData(name: string, data: TypedArray, shape: Shape): void {
  checkDType(name, dtypeOf(data));
  checkShape(shape, `${name}.upload`);
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(
      `${name}.upload: got ${data.length} elements, expected ${sizeOf(shape)} for the shape ${formatShape(shape)}`,
    );
  }
}

function checkDType(name: string, dtype: DType): void {
  if (dtype !== 'float32')
    throw new UnsupportedError(`${name}: got ${dtype}, expected float32; the cpu and ort backends have float64`);
}
