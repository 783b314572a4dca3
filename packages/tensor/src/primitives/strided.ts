import type { TypedArray } from '../dtype.ts';
import { broadcastStrides, stridesOf, type Shape } from '../shape.ts';

/** How flat data are walked: where the first element lies, and how far apart neighbours are along each axis. */
export interface View {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Row-major data of a shape as they lie. */
export function rowMajor(shape: Shape): View {
  return { offset: 0, strides: stridesOf(shape) };
}

/** Row-major data of the shape `from` read as if it had the shape `to`, to which it must broadcast. */
export function broadcast(from: Shape, to: Shape): View {
  return { offset: 0, strides: broadcastStrides(from, to) };
}

/**
 * Walks several views side by side over all indices of `extents`, in row-major order, one run along the innermost axis at a time:
 * element i of a run lies at `offsets[view] + i * steps[view]`.
 *
 * Axes that every view crosses evenly are joined first, so that equal row-major shapes are a single run.
 *
 * @param visit - both arrays are reused between calls
 */
export function forEachRun(
  extents: Shape,
  views: readonly View[],
  visit: (length: number, offsets: readonly number[], steps: readonly number[]) => void,
): void {
  if (extents.includes(0)) return;
  const axes = joinAxes(extents, views);
  const { extent: length, steps } = axes.pop()!;
  const offsets = views.map((view) => view.offset);
  const index = axes.map(() => 0);
  for (;;) {
    visit(length, offsets, steps);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { extent, steps: outer } = axes[axis]!;
      index[axis] = index[axis]! + 1;
      const turns = index[axis] === extent;
      for (let v = 0; v < offsets.length; v++) offsets[v] = offsets[v]! + outer[v]! * (turns ? 1 - extent : 1);
      if (!turns) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** An axis of the walk, with the stride of each view along it. */
interface Axis {
  readonly extent: number;
  readonly steps: readonly number[];
}

/** The axes outermost first, without those of extent 1, neighbours joined where the outer one only continues the inner one. */
function joinAxes(extents: Shape, views: readonly View[]): Axis[] {
  const axes: Axis[] = [];
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const extent = extents[axis]!;
    if (extent === 1) continue;
    const steps = views.map((view) => view.strides[axis]!);
    const inner = axes[0];
    if (inner !== undefined && steps.every((step, v) => step === inner.steps[v]! * inner.extent)) {
      axes[0] = { extent: extent * inner.extent, steps: inner.steps };
    } else {
      axes.unshift({ extent, steps });
    }
  }
  return axes.length > 0 ? axes : [{ extent: 1, steps: views.map(() => 0) }];
}

/** Copies every element of a view of `from` to its place in a view of `to`. */
export function copy(extents: Shape, from: TypedArray, source: View, to: TypedArray, target: View): void {
  forEachRun(extents, [source, target], (length, offsets, steps) => {
    const [p, q] = offsets as [number, number];
    const [dp, dq] = steps as [number, number];
    for (let i = 0; i < length; i++) to[q + i * dq] = from[p + i * dp]!;
  });
}
