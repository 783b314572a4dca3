import { sizeOf, type ProgramBuilder, type Value } from '@ntk/tensor';
import { logSoftmax as logSoftmaxOf, softmax as softmaxOf } from '../../activations/softmax.ts';
import { fold } from '../static.ts';
import type { Traced, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { mixing } from '../view.ts';

/** A reduction over whole axes of a value, which disappear. */
export type Reduction = (b: ProgramBuilder, x: Value, axes: readonly number[]) => Value;

/** Names of the reductions. */
export type ReductionName =
  | 'sum'
  | 'max'
  | 'min'
  | 'mean'
  | 'prod'
  | 'sumSquare'
  | 'l1'
  | 'l2'
  | 'logSum'
  | 'logSumExp';

/** Reductions by name. */
export const reductions: { readonly [N in ReductionName]: Reduction } = {
  sum: (b, x, axes) => b.sum(x, axes),
  max: (b, x, axes) => b.max(x, axes),
  min: (b, x, axes) => b.neg(b.max(b.neg(x), axes)),
  mean: (b, x, axes) => {
    const count = sizeOf(axes.map((axis) => b.shape(x)[axis]!));
    return count === 1 ? b.sum(x, axes) : b.div(b.sum(x, axes), b.scalar(count));
  },
  prod: (b, x, axes) => axes.toSorted((i, j) => j - i).reduce((y, axis) => productAlong(b, y, axis), x),
  sumSquare: (b, x, axes) => b.sum(b.mul(x, x), axes),
  l1: (b, x, axes) => b.sum(b.unary('abs', x), axes),
  l2: (b, x, axes) => b.unary('sqrt', b.sum(b.mul(x, x), axes)),
  logSum: (b, x, axes) => b.unary('log', b.sum(x, axes)),
  logSumExp: (b, x, axes) => {
    const kept = b.shape(x).map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const largest = b.max(x, axes);
    const shifted = b.sub(x, b.reshape(largest, [-1, ...kept.slice(1)]));
    return b.add(largest, b.unary('log', b.sum(b.unary('exp', shifted), axes)));
  },
};

/** The product along one axis, by halves: right where entries are 0 or negative, as a sum of logarithms would not be. */
function productAlong(b: ProgramBuilder, x: Value, axis: number): Value {
  let rest = x;
  for (let count = b.shape(x)[axis]!; count > 1; count = b.shape(rest)[axis]!) {
    const half = Math.floor(count / 2);
    const pairs = b.mul(b.slice(rest, axis, { end: half }), b.slice(rest, axis, { start: half, end: 2 * half }));
    rest = count % 2 === 0 ? pairs : b.concat([pairs, b.slice(rest, axis, { start: count - 1, end: count })], axis);
  }
  const shape = b.shape(rest).filter((_, one) => one !== axis);
  return b.reshape(rest, axis === 0 || shape.length === 0 ? shape : [-1, ...shape.slice(1)]);
}

/** Reduces axes of a view. @throws {ShapeError} if one holds examples */
export function reduce(
  tracer: Tracer,
  view: View,
  options: { readonly axes: readonly number[]; readonly keep: boolean; readonly by: Reduction },
): View {
  const { axes, keep, by } = options;
  const inner = valueAxes(view, axes);
  const value = by(tracer.builder, view.value, inner);
  const renumbered = (one: number): number => one - inner.filter((gone) => gone < one).length;
  const left = view.axes.map((list, axis) => (axes.includes(axis) ? [] : list.map(renumbered)));
  return { ...view, value, axes: keep ? left : left.filter((_, axis) => !axes.includes(axis)) };
}

/** exp(x) / Σ exp(x) over axes. It is remembered, as it may end the network. */
export function softmax(tracer: Tracer, view: View, axes: readonly number[]): View {
  const inner = valueAxes(view, axes);
  const value = softmaxOf(tracer.builder, view.value, inner);
  const shape = tracer.builder.shape(view.value);
  const rest = shape.filter((extent, axis) => extent !== 1 && !inner.includes(axis) && !(view.examples && axis === 0));
  if (rest.length === 0) tracer.activated.set(value, { activation: 'softmax', logits: view.value });
  return { ...view, value };
}

/** log softmax(x) over axes. */
export function logSoftmax(tracer: Tracer, view: View, axes: readonly number[]): View {
  return { ...view, value: logSoftmaxOf(tracer.builder, view.value, valueAxes(view, axes)) };
}

/** The axes of the value that some axes of the view are made of. */
export function valueAxes(view: View, axes: readonly number[]): number[] {
  const inner = axes.flatMap((axis) => view.axes[axis]!);
  if (view.examples && inner.includes(0)) throw mixing();
  return inner;
}

/** Reduces axes of anything traced: in the Program, or here if it is static. @throws {ShapeError} if one holds examples */
export function reduceTraced(
  tracer: Tracer,
  operand: Traced,
  axes: readonly number[],
  options: { readonly keep: boolean; readonly name: ReductionName },
): Traced {
  const { keep, name } = options;
  if (operand.kind === 'view') return reduce(tracer, operand, { axes, keep, by: reductions[name] });
  const kept = operand.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const shape = keep ? kept : operand.shape.filter((_, axis) => !axes.includes(axis));
  return fold([operand], (b, [x]) => b.reshape(reductions[name](b, x!, axes), shape), operand.element);
}
