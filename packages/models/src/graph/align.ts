import { ShapeError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { formatExtents, isPerExample } from './extent.ts';
import { commonParts } from './refine.ts';
import type { View } from './traced.ts';
import { arrange, extentOf, extentsOf, mixing, splitAxis, withSoleAxis } from './view.ts';

/** Several views laid out alike, ready for one elementwise operation. */
export interface Aligned {
  /** They broadcast to the result as they are. */
  readonly values: readonly Value[];
  /** For each value whether its matrices lie transposed. */
  readonly transposed: readonly boolean[];
  /** The axes of the result. */
  readonly axes: readonly (readonly number[])[];
  readonly examples: boolean;
}

/** How to lay views out. */
export interface AlignOptions {
  /** An axis that keeps an extent of its own in each view, to be joined along; the values then have equally many axes. */
  readonly joined?: number;
  /** True if the last two axes are those of matrices: not compared, and last in each value. */
  readonly matrices?: boolean;
}

/** One axis of a value after alignment: the i-th part of the graph's axis j. */
interface Part {
  readonly axis: number;
  readonly index: number;
}

/**
 * Lays views out alike, so that NumPy's broadcasting of the values is that of the views: aligned at the last axis, extents of 1 stretch.
 *
 * The order of storage is that of the view with the most axes; the others are transposed where they differ.
 *
 * @throws {ShapeError} if extents differ and neither is 1, or examples lie along different axes
 */
export function align(b: ProgramBuilder, views: readonly View[], options: AlignOptions = {}): Aligned {
  const { joined, matrices = false } = options;
  const rank = Math.max(...views.map((view) => view.axes.length));
  let padded = views.map(
    (view): View => ({ ...view, axes: [...new Array<[]>(rank - view.axes.length).fill([]), ...view.axes] }),
  );
  for (let axis = 0; axis < rank; axis++) {
    padded =
      axis === joined || (matrices && axis >= rank - 2)
        ? padded.map((view) => withSoleAxis(b, view, axis).view)
        : refineAxis(b, padded, axis);
  }
  const inOrder = commonOrder(padded, rank);
  const isInner = ({ axis }: Part): boolean => matrices && axis >= rank - 2;
  const ends = inOrder.filter(isInner).toSorted((p, q) => p.axis - q.axis);
  const order = [...inOrder.filter((part) => !isInner(part)), ...ends];
  const transposed = padded.map(({ axes }) => matrices && axes[rank - 1]![0]! < axes[rank - 2]![0]!);
  const values = padded.map((view, i) => {
    if (joined !== undefined) return arrange(b, view, groupsOf(view, order));
    return stretchable(b, view, transposed[i] ? [...order.slice(0, -2), order.at(-1)!, order.at(-2)!] : order);
  });
  const axes = Array.from({ length: rank }, (): number[] => []);
  order.forEach(({ axis, index }, place) => (axes[axis]![index] = place));
  return { values, transposed, axes, examples: views.some((view) => view.examples) };
}

/** Splits the values' axes until every view has either none or the same parts along one axis. */
function refineAxis(b: ProgramBuilder, views: readonly View[], axis: number): View[] {
  const stretched = views.filter((view) => view.axes[axis]!.length > 0);
  if (stretched.length < 2) return [...views];
  const runs = stretched.map((view) => runsOf(b, view, axis));
  const [first] = runs as [number[][]];
  if (runs.some((run) => run.length !== first.length)) throw misfit(b, views);
  const parts = first.map((_, i) => {
    const factors = runs.map((run) => run[i]!);
    const sizes = new Set(factors.map((list) => list.reduce((x, y) => x * y, 1)));
    if (sizes.size > 1) throw first.length > 1 ? mixing() : misfit(b, views);
    return factors.reduce((a, c) => commonParts(a, c) ?? [...sizes]);
  });
  return views.map((view) => (view.axes[axis]!.length === 0 ? view : splitRuns(b, view, axis, parts)));
}

/** The extents of the parts of an axis: one list, or, if it holds examples, those outside and those inside of them. */
function runsOf(b: ProgramBuilder, view: View, axis: number): number[][] {
  const runs: number[][] = [[]];
  for (const one of view.axes[axis]!) {
    const extent = extentOf(b, view, one);
    if (isPerExample(extent)) runs.push([]);
    else runs.at(-1)!.push(extent);
  }
  return runs;
}

/** Splits the values' axes of one axis of a view into given parts, joining them first where the parts do not refine them. */
export function splitRuns(b: ProgramBuilder, view: View, axis: number, parts: readonly (readonly number[])[]): View {
  let result = view;
  parts.forEach((wanted, run) => {
    const lists = listsOf(result, axis);
    const list = lists[run]!;
    const extents = list.map((one) => b.shape(result.value)[one]!);
    if (commonParts(extents, wanted)?.join() !== wanted.join()) result = joinAxes(b, result, list);
    let done = 0;
    while (done < wanted.length) {
      const one = listsOf(result, axis)[run]![done]!;
      const own: number[] = [];
      for (let size = 1; size < b.shape(result.value)[one]!; done++) {
        own.push(wanted[done]!);
        size *= wanted[done]!;
      }
      result = splitAxis(b, result, one, own);
    }
  });
  return result;
}

/** The value's axes of one axis, outside and inside of the examples. */
function listsOf(view: View, axis: number): number[][] {
  const lists: number[][] = [[]];
  for (const one of view.axes[axis]!) {
    if (view.examples && one === 0) lists.push([]);
    else lists.at(-1)!.push(one);
  }
  return lists;
}

/** The view with some axes of its value joined to one, in the given order, at the place of the first. */
export function joinAxes(b: ProgramBuilder, view: View, list: readonly number[]): View {
  if (list.length < 2) return view;
  const kept = view.axes.flat().filter((one) => !list.includes(one));
  const groups = [...kept.map((one) => [one]), list].sort((a, c) => Math.min(...a) - Math.min(...c));
  const place = new Map(groups.flatMap((group, i) => group.map((one) => [one, i] as const)));
  const axes = view.axes.map((own) => [...new Set(own.map((one) => place.get(one)!))]);
  return { ...view, value: arrange(b, view, groups), axes };
}

/** Parts in the order of storage of the view that has them all, or else in the graph's order; examples first. */
function commonOrder(views: readonly View[], rank: number): Part[] {
  const counts = Array.from({ length: rank }, (_, axis) => Math.max(...views.map((view) => view.axes[axis]!.length)));
  const all = counts.flatMap((count, axis) => Array.from({ length: count }, (_, index): Part => ({ axis, index })));
  const model = views.find((view) => view.axes.every((list, axis) => list.length === counts[axis]));
  const examples = views.find((view) => view.examples);
  const isExample = ({ axis, index }: Part): boolean => examples?.axes[axis]![index] === 0;
  const stored = ({ axis, index }: Part): number => model!.axes[axis]![index]!;
  const sorted = model ? all.toSorted((p, q) => stored(p) - stored(q)) : all;
  return [...sorted.filter(isExample), ...sorted.filter((part) => !isExample(part))];
}

/** For each part the axis of the value that it is, or none where the view's extent is 1. */
function groupsOf(view: View, order: readonly Part[]): number[][] {
  return order.map(({ axis, index }) => view.axes[axis]!.slice(index, index + 1));
}

/** The value in the common order, without axes of extent 1 before the first other one. */
function stretchable(b: ProgramBuilder, view: View, order: readonly Part[]): Value {
  const groups = groupsOf(view, order);
  const first = groups.findIndex((group) => group.length > 0);
  const trimmed = first === -1 ? [] : groups.slice(first);
  return fitsAlready(b, view, trimmed, order.length) ? view.value : arrange(b, view, trimmed);
}

/** Whether the value broadcasts as it lies, up to axes of extent 1 before it. */
function fitsAlready(
  b: ProgramBuilder,
  { value }: View,
  groups: readonly (readonly number[])[],
  rank: number,
): boolean {
  const shape = b.shape(value);
  const extra = shape.length - groups.length;
  if (extra < 0 || shape.length > rank) return false;
  return shape.every((extent, axis) => {
    const [own] = axis < extra ? [] : groups[axis - extra]!;
    return own === undefined ? extent === 1 : own === axis;
  });
}

function misfit(b: ProgramBuilder, views: readonly View[]): ShapeError {
  const shapes = views.map((view) => formatExtents(extentsOf(b, view))).join(' and ');
  return new ShapeError(`got operands of ${shapes}, expected extents that are equal or 1 (aligned at the last axis)`);
}
