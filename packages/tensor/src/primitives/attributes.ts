import type { Shape } from '../shape.ts';
import type { Sliding, Window } from './window.ts';

/** Elementwise functions of one argument. */
export type UnaryPrimitive = 'neg' | 'abs' | 'sign' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'relu' | 'erf';

/** Elementwise functions of two arguments, with NumPy broadcasting. Comparisons give 1 or 0. */
export type BinaryPrimitive =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'maximum'
  | 'minimum'
  | 'greater'
  | 'greaterEqual'
  | 'equal';

/** Reductions over whole axes. */
export type ReductionPrimitive = 'sum' | 'max';

interface Empty {
  readonly [key: string]: never;
}

/** The primitives and the attributes that each carries. Attributes are plain JSON and never hold the number of examples. */
export type Attributes = { readonly [P in UnaryPrimitive | BinaryPrimitive]: Empty } & {
  readonly [P in ReductionPrimitive]: { readonly axes: readonly number[] };
} & {
  /** A literal, at most 1 KiB; anything larger is an input. */
  readonly constant: { readonly shape: Shape; readonly values: readonly number[] };
  /** where(condition, a, b): a where the condition is not 0, else b. */
  readonly where: Empty;
  /** a [..., m, k] · b [..., k, n], leading axes broadcast; a flag reads that operand transposed in its last two axes. */
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** One extent may be -1: it takes what is left, which is how a reshape stays valid for any number of examples. */
  readonly reshape: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  /** Stretches axes of extent 1; an extent of -1 keeps that of the operand. */
  readonly broadcastTo: { readonly shape: Shape };
  readonly concat: { readonly axis: number };
  /** Elements start, start + step, … before end along one axis; an end of -1 means the axis' own end. */
  readonly slice: { readonly axis: number; readonly start: number; readonly end: number; readonly step: number };
  /** gather(x, indices): the entries of x that indices name along one axis; the axes of `indices` take that axis' place. */
  readonly gather: { readonly axis: number };
  /** scatterAdd(x, indices): the adjoint of gather into an axis of `extent` entries; entries of one index are added up. */
  readonly scatterAdd: { readonly axis: number; readonly extent: number };
  /** Zeros before and after along one axis, and step - 1 zeros between neighbours (the adjoint of a slice). */
  readonly pad: { readonly axis: number; readonly before: number; readonly after: number; readonly step: number };
  /**
   * conv2d(x, w): correlation of images x [n, h, w, ci] with a filter w [kernel rows, kernel columns, ci/groups, co]. Group g reads its
   * own ci/groups channels and writes its own co/groups.
   */
  readonly conv2d: Sliding & { readonly groups: number };
  /** conv2dTranspose(y, w): the adjoint of conv2d in its images, which are of `size` [rows, columns]. */
  readonly conv2dTranspose: Sliding & { readonly groups: number; readonly size: readonly number[] };
  /** The windows of images [n, h, w, c] one by one, [n, rows, columns, kernel rows · kernel columns · c], the channel fastest. */
  readonly patches: Window;
  /** The adjoint of patches into images of `size` [rows, columns]: what windows share is added up. */
  readonly fold: Window & { readonly size: readonly number[] };
};

/** Names of the primitives; frozen together with `PROGRAM_VERSION`. */
export type Primitive = keyof Attributes;
