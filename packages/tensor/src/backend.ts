import type { DType, TypedArray } from './dtype.ts';
import type { Primitive } from './primitives/attributes.ts';
import type { Program } from './program.ts';
import type { Shape } from './shape.ts';

/**
 * A handle to data that a backend holds. Opaque: only the backend that made it can read it.
 *
 * Ownership: whoever received it from `upload` or `run` disposes it, once; functions borrow their arguments.
 */
export interface Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly backend: Backend;
  /** Releases the storage. Any later use throws OwnershipError. Disposing twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A Program made ready to run in one dtype. */
export interface Executable {
  readonly program: Program;
  readonly dtype: DType;
  readonly backend: Backend;
  /** Gives the executable back to its backend, which may keep the compiled form in its cache. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What a backend can do; whatever it cannot do throws UnsupportedError at `compile`. */
export interface BackendSupport {
  readonly float32: boolean;
  readonly float64: boolean;
  readonly primitives: ReadonlySet<Primitive>;
  /** True if tensors live in the memory of another device, so that `read` is a transfer. */
  readonly deviceResident: boolean;
}

/**
 * Runs Programs. A backend never knows about derivatives: those are Programs too.
 *
 * A backend is a value, made by a factory and handed to whoever needs it; there is no registry and no default.
 */
export interface Backend {
  readonly name: string;
  readonly supports: BackendSupport;

  /**
   * Makes host data available to the backend.
   *
   * @param data - row-major elements; a host backend keeps a reference instead of a copy, so `data` must not be written while the tensor lives
   * @throws {ShapeError} if the length does not fit the shape
   * @throws {UnsupportedError} if the backend lacks the dtype
   */
  upload(data: TypedArray, shape: Shape): Tensor;

  /**
   * Prepares a Program for one dtype. Compiled forms are cached by the content of the Program and the dtype, so that
   * compiling an equal Program again is cheap.
   *
   * @throws {UnsupportedError} if the backend lacks the dtype or a primitive
   */
  compile(program: Program, options: CompileOptions): Promise<Executable>;

  /**
   * Runs an executable.
   *
   * @param inputs - one tensor of this backend for each input of the Program, in its order; borrowed
   * @returns the outputs in the order of the Program; the caller disposes them
   * @throws {ShapeError | DTypeError | OwnershipError} if an input does not fit
   */
  run(executable: Executable, inputs: readonly Tensor[]): Promise<Tensor[]>;

  /** The elements of a tensor, row-major: a view that must not be written, valid until the tensor is disposed, or a copy. */
  read(tensor: Tensor): Promise<TypedArray>;
}

/** How a Program is prepared. */
export interface CompileOptions {
  /** The element type of all values, inputs and outputs included. */
  readonly dtype: DType;
  /**
   * Inputs, by their number, that will hold these elements in every run, such as weights: a backend may prepare them, and `run` is given them all the
   * same. The arrays must not be written while the executable lives.
   */
  readonly fixed?: ReadonlyMap<number, TypedArray>;
}
