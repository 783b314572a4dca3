import { describe, it } from 'vitest';
import type { Backend, Tensor } from '../../backend.ts';
import { asDType, type DType, type TypedArray } from '../../dtype.ts';
import type { Primitive } from '../../primitives/attributes.ts';
import type { Program } from '../../program.ts';
import type { Shape } from '../../shape.ts';
import type { Roundings } from '../rounding.ts';

/** What a backend's own circumstances change in the conformance suite. */
export interface BackendSuiteOptions {
  /** Roundings allowed to single primitives where the native function is less accurate than usual; say why beside it. */
  readonly roundings?: Roundings;
  /** Why a case is left out, by its name, or undefined; the reason is printed. */
  readonly skip?: (name: string) => string | undefined;
  /** How many random Programs to run in each dtype; 60 by default. */
  readonly randomPrograms?: number;
  /** Seed of the random Programs and data; the same on every run unless named. */
  readonly seed?: number;
  /** Tensors that the native library holds, where it counts them: the suite must leave as many as it found. */
  readonly liveTensors?: () => number;
}

/** The backend under test, made once. */
export interface SuiteContext {
  readonly backend: () => Backend;
  readonly options: BackendSuiteOptions;
  readonly roundings: Roundings;
}

/** Both dtypes; a backend without one of them must say so. */
export const DTYPES: readonly DType[] = ['float64', 'float32'];

/** A test of one backend in one dtype. */
export type BackendTest = (backend: Backend, dtype: DType) => Promise<void>;

/** Registers tests for both dtypes; those in a dtype that the backend lacks are skipped. */
export function describeInEachDType(
  context: SuiteContext,
  title: string,
  tests: Readonly<Record<string, BackendTest>>,
): void {
  describe.each(DTYPES)(`${title} in %s`, (dtype) => {
    for (const [name, test] of Object.entries(tests)) {
      it(name, async ({ skip }) => {
        const backend = context.backend();
        skip(!backend.supports[dtype], `${backend.name} has no ${dtype}`);
        await test(backend, dtype);
      });
    }
  });
}

/** Whether a backend has a dtype and every one of some primitives. */
export function supports(backend: Backend, dtype: DType, ops: readonly Primitive[]): boolean {
  return backend.supports[dtype] && ops.every((op) => backend.supports.primitives.has(op));
}

/** Uploads in the dtype, runs, reads, and disposes everything: copies of the outputs. */
export async function evaluateOn(
  backend: Backend,
  program: Program,
  inputs: readonly (TypedArray | readonly number[])[],
  dtype: DType,
): Promise<TypedArray[]> {
  using executable = await backend.compile(program, { dtype });
  const tensors = program.inputs.map(({ shape }, i) => uploadAs(backend, inputs[i]!, shape, dtype));
  const outputs = await backend.run(executable, tensors);
  const results: TypedArray[] = [];
  for (const output of outputs) results.push((await backend.read(output)).slice());
  [...tensors, ...outputs].forEach((tensor) => tensor.dispose());
  return results;
}

/** A new tensor of numbers in a dtype; the caller disposes it. */
export function uploadAs(backend: Backend, data: TypedArray | readonly number[], shape: Shape, dtype: DType): Tensor {
  return backend.upload(asDType(Float64Array.from(data), dtype), shape);
}
