import { ShapeError, sizeOf, type ProgramBuilder } from '@ntk/tensor';
import { splitRuns } from './align.ts';
import { formatExtents, isPerExample, over, product, sameExtent, type Extent } from './extent.ts';
import { commonParts, partsPerFactor } from './refine.ts';
import type { View } from './traced.ts';
import { exampleAxisOf, extentsOf, mixing } from './view.ts';

/** How a graph states the shape to reshape to. */
export interface ReshapeOptions {
  /** True if 0 copies the extent of the operand at that place (ONNX). */
  readonly zeroCopies: boolean;
  /** The number of examples that the file was made for, if it was made for one: it may stand in shapes. */
  readonly fixedExamples: number | null;
}

/**
 * The same elements under other axes. Nothing is moved: the values' axes are split as far as needed and joined only in name.
 *
 * @param target - one extent may be -1
 * @throws {ShapeError} if the number of elements differs, or an axis would have to hold parts of several examples
 */
export function reshape(b: ProgramBuilder, view: View, target: readonly Extent[], options: ReshapeOptions): View {
  const from = extentsOf(b, view);
  const extents = resolveTarget(b, view, target, options);
  if (!sameExtent(product(extents), product(from)))
    throw new ShapeError(
      `got ${formatExtents(from)} to reshape to ${formatExtents(target)}, expected the same number of elements`,
    );
  const joined: View = { ...view, axes: [view.axes.flat()] };
  const [before, after] = runsOf(b, joined);
  const wanted = targetRuns(extents, view.examples ? sizeOf(before) : null);
  const parts = [before, after].map((run, i) => {
    const factors = wanted.runs[i]!.map(({ extent }) => extent);
    return commonParts(run, factors) ?? commonParts(factors, [])!;
  });
  const split = splitRuns(b, joined, 0, view.examples ? parts : parts.slice(0, 1));
  return { ...split, axes: distribute(split, wanted, parts, extents.length) };
}

/** The extents outside and inside of the examples; all are outside where there are none. */
function runsOf(b: ProgramBuilder, { value, axes: [list], examples }: View): [number[], number[]] {
  const shape = b.shape(value);
  const at = examples ? list!.indexOf(0) : list!.length;
  return [list!.slice(0, at).map((axis) => shape[axis]!), list!.slice(at + 1).map((axis) => shape[axis]!)];
}

/** A factor of an axis of the target. */
interface Factor {
  readonly axis: number;
  readonly extent: number;
}

interface TargetRuns {
  readonly runs: readonly [outside: readonly Factor[], inside: readonly Factor[]];
  /** The axis that holds the examples, and how many of the outside factors belong to axes up to and including it. */
  readonly exampleAxis: number;
}

/** @param outside - how many elements lie outside of the examples, or null if there are none */
function targetRuns(extents: readonly Extent[], outside: number | null): TargetRuns {
  const exampleAxis = extents.findIndex(isPerExample);
  const factor = (extent: Extent, axis: number): Factor => ({ axis, extent: extent as number });
  if (outside === null) return { runs: [extents.map(factor), []], exampleAxis: -1 };
  const head = extents.slice(0, exampleAxis).map(factor);
  const shared = outside / sizeOf(head.map(({ extent }) => extent));
  const rest = (extents[exampleAxis] as Exclude<Extent, number>).perExample / shared;
  if (!Number.isInteger(shared) || !Number.isInteger(rest)) throw mixing();
  const tail = extents.slice(exampleAxis + 1).map((extent, i) => factor(extent, exampleAxis + 1 + i));
  return {
    runs: [
      [...head, { axis: exampleAxis, extent: shared }],
      [{ axis: exampleAxis, extent: rest }, ...tail],
    ],
    exampleAxis,
  };
}

/** Gives the parts of the value to the axes of the target. */
function distribute(split: View, wanted: TargetRuns, parts: readonly number[][], rank: number): number[][] {
  const [list] = split.axes as [number[]];
  const axes = Array.from({ length: rank }, (): number[] => []);
  let next = 0;
  wanted.runs.forEach((run, i) => {
    if (i === 1 && split.examples) axes[wanted.exampleAxis]!.push(list[next++]!);
    const counts = partsPerFactor(
      run.map(({ extent }) => extent),
      parts[i]!,
    );
    run.forEach(({ axis }, j) => {
      axes[axis]!.push(...list.slice(next, next + counts[j]!));
      next += counts[j]!;
    });
  });
  return axes;
}

/** Replaces what a graph may write for an extent by the extent. */
function resolveTarget(
  b: ProgramBuilder,
  view: View,
  target: readonly Extent[],
  { zeroCopies, fixedExamples }: ReshapeOptions,
): Extent[] {
  const from = extentsOf(b, view);
  const extents = target.map((extent, axis) => (extent === 0 && zeroCopies ? (from[axis] ?? 0) : extent));
  if (view.examples && fixedExamples !== null && !extents.some(isPerExample)) {
    const axis = placeOfExamples(b, view, extents, fixedExamples);
    if (axis !== -1) extents[axis] = { perExample: 1 };
  }
  const free = extents.indexOf(-1);
  if (free === -1) return extents;
  const known = product(extents.filter((_, axis) => axis !== free));
  return extents.with(free, over(product(from), known));
}

/** Where a file made for a fixed number of examples means their axis: there, as many elements lie outside of it as outside of the operand's. */
function placeOfExamples(b: ProgramBuilder, view: View, extents: readonly Extent[], fixedExamples: number): number {
  const axis = exampleAxisOf(view);
  const list = view.axes[axis]!;
  const shape = b.shape(view.value);
  const outer = [...view.axes.slice(0, axis).flat(), ...list.slice(0, list.indexOf(0))];
  const outside = sizeOf(outer.map((one) => shape[one]!));
  return extents.findIndex((extent, i) => extent === fixedExamples && product(extents.slice(0, i)) === outside);
}
