/** A tensor of TensorFlow.js, as far as this package uses it. */
export interface NativeTensor {
  readonly shape: number[];
  /** Identifies the data, which reshaped and cloned tensors share. */
  readonly dataId: object;
  data(): Promise<unknown>;
  dispose(): void;
}

/** Two numbers: vertical and horizontal, or before and after. */
export type Pair = [number, number];

/** Extents of four axes. */
export type Extents4 = [number, number, number, number];

/** Zeros around images: before and after along each of their axes [n, rows, columns, channels]. */
export type ExplicitPads = [Pair, Pair, Pair, Pair];

/** An operand of an operation of two operands: numbers stand for scalars. */
export type NativeOperand<T extends NativeTensor> = T | number;

/** The engine that a TensorFlow.js computes on. */
export interface NativeBackend {
  /** Bits of the floating-point numbers that it can compute with: 16 on some mobile devices. */
  floatPrecision(): 16 | 32;
}

/** What tells the tensor types of a TensorFlow.js. */
export type MakesTensors = Pick<TfjsModule, 'tensor' | 'tensor4d'>;

/**
 * The part of TensorFlow.js that this package uses: `@tensorflow/tfjs`, `@tensorflow/tfjs-core` with a backend package,
 * `@tensorflow/tfjs-node` and `@tensorflow/tfjs-node-gpu` all have it, with tensors of type T, those of four axes of type T4. The names are
 * TensorFlow.js' own.
 */
export interface TfjsModule<T extends NativeTensor = NativeTensor, T4 extends NativeTensor = T> {
  ready(): Promise<void>;
  getBackend(): string;
  backend(): NativeBackend;

  tensor(values: Float32Array, shape: number[], dtype: 'float32'): T;
  tensor4d(values: Float32Array, shape: Extents4, dtype: 'float32'): T4;
  fill(shape: number[], value: number, dtype: 'float32'): T;
  /** Disposes the tensors that `compute` makes and does not return; gives back what it returns. */
  tidy(compute: () => void): unknown;
  keep(tensor: T): T;
  cast(x: T, dtype: 'float32' | 'int32' | 'bool'): T;

  abs(x: T): T;
  exp(x: T): T;
  isNaN(x: T): T;
  log(x: T): T;
  neg(x: T): T;
  relu(x: T): T;
  sigmoid(x: T): T;
  sign(x: T): T;
  sqrt(x: T): T;
  tanh(x: T): T;

  add(a: NativeOperand<T>, b: NativeOperand<T>): T;
  sub(a: NativeOperand<T>, b: NativeOperand<T>): T;
  mul(a: NativeOperand<T>, b: NativeOperand<T>): T;
  div(a: NativeOperand<T>, b: NativeOperand<T>): T;
  greater(a: NativeOperand<T>, b: NativeOperand<T>): T;
  greaterEqual(a: NativeOperand<T>, b: NativeOperand<T>): T;
  equal(a: NativeOperand<T>, b: NativeOperand<T>): T;
  notEqual(a: NativeOperand<T>, b: NativeOperand<T>): T;
  logicalOr(a: T, b: T): T;
  where(condition: T, a: T, b: T): T;

  matMul(a: T, b: T): T;
  conv2d(x: T4, filter: T4, strides: Pair, pads: ExplicitPads, dataFormat: 'NHWC', dilations: Pair): T;
  depthwiseConv2d(x: T4, filter: T4, strides: Pair, pads: ExplicitPads): T;
  sum(x: T, axis: number): T;
  max(x: T, axis: number): T;

  reshape(x: T, shape: number[]): T;
  transpose(x: T, permutation: number[]): T;
  concat(tensors: T[], axis: number): T;
  slice(x: T, begin: number[], size: number[]): T;
  pad(x: T, paddings: Pair[]): T;
  reverse(x: T, axis: number): T;
  gather(x: T, indices: T, axis: number): T;
  scatterND(indices: T, updates: T, shape: number[]): T;
}
