import { allocate, Rng, sizeOf, type Backend, type DType, type Program, type Tensor } from '@ntk/tensor';

/** A Program compiled and its inputs uploaded: what is left is to run it. */
export interface Prepared {
  /** One run; throws if the result holds a NaN. */
  run(): Promise<void>;
}

/** Compiles a Program and uploads normal numbers, so that a benchmark times the run alone. */
export async function prepare(backend: Backend, program: Program, dtype: DType): Promise<Prepared> {
  const executable = await backend.compile(program, { dtype });
  const rng = new Rng(program.name);
  const inputs = program.inputs.map(({ shape }): Tensor => {
    const data = allocate(dtype, sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = rng.normal();
    return backend.upload(data, shape);
  });
  return {
    run: async () => {
      const outputs = await backend.run(executable, inputs);
      for (const output of outputs) {
        const last = (await backend.read(output)).at(-1);
        if (last !== undefined && Number.isNaN(last)) throw new Error(`${program.name}: got NaN, expected a number`);
        output.dispose();
      }
    },
  };
}
