import { ShapeError, sizeOf, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import { product, type Extent } from './extent.ts';
import type { ElementKind, View } from './traced.ts';

/** A value as it lies: axis j of the view is axis j of the value. */
export function viewOf(
  b: ProgramBuilder,
  value: Value,
  options: { readonly examples: boolean; readonly element?: ElementKind },
): View {
  const { examples, element = 'float' } = options;
  const axes = b.shape(value).map((extent, axis) => (extent === 1 && !(examples && axis === 0) ? [] : [axis]));
  return { kind: 'view', element, value, axes, examples };
}

/** The extents that the graph sees. */
export function extentsOf(b: ProgramBuilder, view: View): Extent[] {
  return view.axes.map((list) => product(list.map((axis) => extentOf(b, view, axis))));
}

/** The extent of one axis of the value. */
export function extentOf(b: ProgramBuilder, { value, examples }: View, axis: number): Extent {
  return examples && axis === 0 ? { perExample: 1 } : b.shape(value)[axis]!;
}

/** Which axis of the view holds the examples, alone or with others; -1 if none does. */
export function exampleAxisOf(view: View): number {
  return view.examples ? view.axes.findIndex((list) => list.includes(0)) : -1;
}

/**
 * The value with its axes in another order and joined in groups: one axis for each group, of extent 1 for an empty group.
 *
 * @param groups - every axis of the view once; examples in a group of their own, the first
 * @throws {ShapeError} if a group joins examples with something else
 *
 * Cost: a transposition if the order changes, and a reshape if axes are joined.
 */
export function arrange(b: ProgramBuilder, view: View, groups: readonly (readonly number[])[]): Value {
  const order = groups.flat();
  if (view.examples && groups[0]?.join() !== '0') throw mixing();
  const shape = b.shape(view.value);
  const rest = shape.map((_, axis) => axis).filter((axis) => !order.includes(axis));
  const sorted = order.every((axis, i) => i === 0 || axis > order[i - 1]!);
  const moved = sorted ? view.value : b.transpose(view.value, [...order, ...rest]);
  return reshapeTo(
    b,
    moved,
    groups.map((group) => sizeOf(group.map((axis) => shape[axis]!))),
    view.examples,
  );
}

/** A reshape that keeps examples on axis 0, for any number of them. */
export function reshapeTo(b: ProgramBuilder, value: Value, shape: Shape, examples: boolean): Value {
  const from = b.shape(value);
  if (from.length === shape.length && from.every((extent, axis) => extent === shape[axis])) return value;
  return b.reshape(value, examples ? [-1, ...shape.slice(1)] : shape);
}

/** The view with one axis of its value split in several, whose product it is. */
export function splitAxis(b: ProgramBuilder, view: View, axis: number, parts: readonly number[]): View {
  if (parts.length === 1) return view;
  const shape = b.shape(view.value);
  const value = reshapeTo(b, view.value, [...shape.slice(0, axis), ...parts, ...shape.slice(axis + 1)], view.examples);
  const renumber = (one: number): number[] => {
    if (one === axis) return parts.map((_, i) => axis + i);
    return [one < axis ? one : one + parts.length - 1];
  };
  return { ...view, value, axes: view.axes.map((list) => list.flatMap(renumber)) };
}

/** The value in the graph's own order of axes, joined where the graph joined them. @throws {ShapeError} if that mixes examples */
export function materialize(b: ProgramBuilder, view: View): Value {
  if (exampleAxisOf(view) > 0) throw mixing();
  return arrange(b, view, view.axes);
}

/**
 * The view with axis `axis` made of exactly one axis of its value, so that it can be cut, joined or picked from.
 *
 * @throws {ShapeError} if it holds examples
 */
export function withSoleAxis(
  b: ProgramBuilder,
  view: View,
  axis: number,
): { readonly view: View; readonly at: number } {
  const list = view.axes[axis]!;
  if (view.examples && list.includes(0)) throw mixing();
  if (list.length === 1) return { view, at: list[0]! };
  const shape = b.shape(view.value);
  const kept = shape.flatMap((_, one) => (list.includes(one) || !owned(view, one) ? [] : [[one]]));
  // What is joined goes last, as most operations on one axis are fastest there.
  const value = arrange(b, view, [...kept, list]);
  const at = kept.length;
  const axes = view.axes.map((own, j) => (j === axis ? [at] : own.map((one) => kept.findIndex(([k]) => k === one))));
  return { view: { ...view, value, axes }, at };
}

/** Whether an axis of the value belongs to an axis of the view; those of extent 1 may belong to none. */
export function owned(view: View, axis: number): boolean {
  return view.axes.some((list) => list.includes(axis));
}

/** The error of an operation that would make one example depend on others. */
export function mixing(): ShapeError {
  return new ShapeError('got an operation along the axis that holds the examples, expected one that keeps them apart');
}
