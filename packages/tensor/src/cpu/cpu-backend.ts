import type { Backend, CompileOptions, Executable, Tensor } from '../backend.ts';
import { checkInputs } from '../check-inputs.ts';
import { HostTensor, hostData } from '../host-tensor.ts';
import { PRIMITIVES } from '../primitives/table.ts';
import type { Program } from '../program.ts';
import { interpret } from './interpreter.ts';

/**
 * The reference backend: interprets Programs in plain TypeScript, float32 and float64, anywhere JavaScript runs.
 *
 * Slow and obvious: the oracle of every test, and the fallback that always works.
 */
export function cpuBackend(): Backend {
  const backend: Backend = {
    name: 'cpu',
    supports: { float32: true, float64: true, primitives: PRIMITIVES, deviceResident: false },
    upload: (data, shape) => new HostTensor(backend, data, shape),
    compile: async (program, options) => executable(program, options),
    run: async (exe, inputs) => {
      checkInputs(exe, inputs);
      const arrays = inputs.map((tensor) => hostData(tensor, backend));
      const results = interpret(exe.program, exe.dtype, arrays);
      // An output that is an input gets its own memory: the caller may write the input's once that tensor is disposed.
      const owned = results.map(({ data }) => (arrays.includes(data) ? data.slice() : data));
      return owned.map((data, i): Tensor => new HostTensor(backend, data, results[i]!.shape));
    },
    read: async (tensor) => hostData(tensor, backend),
  };

  function executable(program: Program, { dtype }: CompileOptions): Executable {
    return { program, dtype, backend, dispose: () => undefined, [Symbol.dispose]: () => undefined };
  }

  return backend;
}
