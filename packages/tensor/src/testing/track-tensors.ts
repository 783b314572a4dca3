import type { Backend, Executable, Tensor } from '../backend.ts';
import { checkInputs } from '../check-inputs.ts';
import type { DType } from '../dtype.ts';
import { OwnershipError } from '../errors.ts';
import type { Program } from '../program.ts';
import { formatShape, type Shape } from '../shape.ts';

/** A backend that counts what it handed out and was not given back. */
export interface TrackedBackend extends Backend {
  /** Tensors not yet disposed. */
  readonly liveTensors: number;
  /** Executables not yet disposed. */
  readonly liveExecutables: number;
  /** The tensors alive, oldest first, as 'upload [2, 3]' or 'output f of dense [5, 1]'. */
  describeLive(): string[];
}

/**
 * Wraps a backend so that a suite can assert that nothing leaked: `expect(backend.describeLive()).toEqual([])`.
 *
 * Tensors of the wrapper belong to the wrapper, not to the wrapped backend. Disposing one disposes the wrapped one.
 */
export function trackTensors(inner: Backend): TrackedBackend {
  const live = new Map<Tensor, string>();
  const executables = new Set<Executable>();

  function track(tensor: Tensor, description: string): Tensor {
    const tracked = new TrackedTensor(backend, tensor, () => live.delete(tracked));
    live.set(tracked, `${description} ${formatShape(tensor.shape)}`);
    return tracked;
  }

  const backend: TrackedBackend = {
    name: inner.name,
    supports: inner.supports,
    get liveTensors() {
      return live.size;
    },
    get liveExecutables() {
      return executables.size;
    },
    describeLive: () => [...live.values()],
    upload: (data, shape) => track(inner.upload(data, shape), 'upload'),
    compile: async (program, options) => {
      const compiled = await inner.compile(program, options);
      const tracked = new TrackedExecutable(backend, compiled, () => executables.delete(tracked));
      executables.add(tracked);
      return tracked;
    },
    run: async (executable, inputs) => {
      checkInputs(executable, inputs);
      if (!(executable instanceof TrackedExecutable)) throw foreign(backend, executable.backend);
      const outputs = await inner.run(
        executable.inner,
        inputs.map((tensor) => unwrap(backend, tensor)),
      );
      const { name, outputs: declared } = executable.program;
      return outputs.map((tensor, i) => track(tensor, `output ${declared[i]!.name} of ${name}`));
    },
    read: async (tensor) => inner.read(unwrap(backend, tensor)),
  };
  return backend;
}

function unwrap(backend: Backend, tensor: Tensor): Tensor {
  if (tensor.backend !== backend || !(tensor instanceof TrackedTensor)) throw foreign(backend, tensor.backend);
  return tensor.inner;
}

function foreign(backend: Backend, owner: Backend): OwnershipError {
  return new OwnershipError(`${backend.name}: got what belongs to ${owner.name}, expected its own; use transfer()`);
}

class TrackedTensor implements Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly backend: Backend;
  readonly inner: Tensor;
  readonly #onDispose: () => void;

  constructor(backend: Backend, inner: Tensor, onDispose: () => void) {
    this.shape = inner.shape;
    this.dtype = inner.dtype;
    this.backend = backend;
    this.inner = inner;
    this.#onDispose = onDispose;
  }

  dispose(): void {
    this.#onDispose();
    this.inner.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

class TrackedExecutable implements Executable {
  readonly program: Program;
  readonly dtype: DType;
  readonly backend: Backend;
  readonly inner: Executable;
  readonly #onDispose: () => void;

  constructor(backend: Backend, inner: Executable, onDispose: () => void) {
    this.program = inner.program;
    this.dtype = inner.dtype;
    this.backend = backend;
    this.inner = inner;
    this.#onDispose = onDispose;
  }

  dispose(): void {
    this.#onDispose();
    this.inner.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
