import { sizeOf, type Window } from '@ntk/tensor';
import type { Graph, Operand } from './graph.ts';
import type { Rule } from './rule.ts';

/** Images with zeros around them; [top, bottom, left, right]. */
function padded(graph: Graph, { name, shape }: Operand, pads: readonly number[]): Operand {
  const [top, bottom, left, right] = pads as [number, number, number, number];
  if (pads.every((pad) => pad === 0)) return { name, shape };
  const [n, height, width, channels] = shape as [number, number, number, number];
  const amounts = graph.integers([0, top, left, 0, 0, bottom, right, 0]);
  return {
    name: graph.node('Pad', [name, amounts, graph.scalar(0)]),
    shape: [n, height + top + bottom, width + left + right, channels],
  };
}

/** Entries along an axis. */
type Steps = readonly [start: number, count: number, step: number];

/** `count` entries along an axis from `start` on, by steps. */
function along(graph: Graph, { name, shape }: Operand, axis: number, [start, count, step]: Steps): Operand {
  const end = start + (count - 1) * step + 1;
  if (count === shape[axis]) return { name, shape };
  const range = [[start], [end], [axis], [step]].map((values) => graph.integers(values));
  return { name: graph.node('Slice', [name, ...range]), shape: shape.with(axis, count) };
}

/** Parts side by side along an axis. */
function joined(graph: Graph, parts: readonly Operand[], axis: number): Operand {
  const [first] = parts as [Operand];
  if (parts.length === 1) return first;
  const name = graph.node(
    'Concat',
    parts.map((part) => part.name),
    { axis },
  );
  return {
    name,
    shape: first.shape.with(
      axis,
      parts.reduce((sum, { shape }) => sum + shape[axis]!, 0),
    ),
  };
}

/**
 * The windows of images: first those along rows, then those of these along columns, so that few long runs are copied.
 *
 * @param positions - [rows, columns]
 */
export function layWindows(graph: Graph, images: Operand, window: Window, positions: readonly number[]): Operand {
  const { kernel, strides, dilations, pads } = window;
  const whole = padded(graph, images, pads);
  const laidAlong = (x: Operand, axis: 0 | 1): Operand =>
    joined(
      graph,
      Array.from({ length: kernel[axis]! }, (_, tap) =>
        along(graph, x, axis + 1, [tap * dilations[axis]!, positions[axis]!, strides[axis]!]),
      ),
      3,
    );
  return laidAlong(laidAlong(whole, 1), 0);
}

/** The adjoint of `layWindows`: windows are added up along columns, then along rows. */
function addWindows(graph: Graph, windows: Operand, window: Window & { readonly size: readonly number[] }): string {
  const { kernel, pads, size } = window;
  const channels = windows.shape[3]! / sizeOf(kernel);
  const extents = [size[0]! + pads[0]! + pads[1]!, size[1]! + pads[2]! + pads[3]!];
  const addedAlong = (x: Operand, axis: 0 | 1, width: number): Operand => {
    const taps = Array.from({ length: kernel[axis]! }, (_, tap) => {
      const part = along(graph, x, 3, [tap * width, width, 1]);
      return spread(graph, part, axis, { before: tap * window.dilations[axis]!, extent: extents[axis]!, window });
    });
    return taps.reduce((sum, tap) => ({ ...sum, name: graph.node('Add', [sum.name, tap.name]) }));
  };
  const rows = addedAlong(windows, 0, kernel[1]! * channels);
  const whole = addedAlong(rows, 1, channels);
  return along(graph, along(graph, whole, 1, [pads[0]!, size[0]!, 1]), 2, [pads[2]!, size[1]!, 1]).name;
}

/** Positions along an axis put where their window begins: strides - 1 zeros between them, zeros before and after. */
function spread(
  graph: Graph,
  x: Operand,
  axis: 0 | 1,
  { before, extent, window }: { before: number; extent: number; window: Window },
): Operand {
  const step = window.strides[axis]!;
  const count = x.shape[axis + 1]!;
  const outer = sizeOf(x.shape.slice(0, axis + 1));
  const inner = sizeOf(x.shape.slice(axis + 2));
  const pad = (name: string, front: number, back: number): string =>
    front === 0 && back === 0
      ? name
      : graph.node('Pad', [name, graph.integers([0, front, 0, 0, back, 0]), graph.scalar(0)]);
  const shape = x.shape.with(axis + 1, extent);
  if (step === 1) {
    const rows = graph.reshape(x.name, [outer, count, inner]);
    return { name: graph.reshape(pad(rows, before, extent - before - count), shape), shape };
  }
  const rows = pad(graph.reshape(x.name, [outer * count, 1, inner]), 0, step - 1);
  const dilated = graph.reshape(rows, [outer, count * step, inner]);
  return { name: graph.reshape(pad(dilated, before, extent - before - count * step), shape), shape };
}

/** Rules of the primitives that lay windows out and add them up. */
export const windowRules: { readonly patches: Rule<'patches'>; readonly fold: Rule<'fold'> } = {
  patches: (graph, [images], { attributes, shape }) => layWindows(graph, images!, attributes, shape.slice(1, 3)).name,
  fold: (graph, [windows], { attributes }) => addWindows(graph, windows!, attributes),
};
