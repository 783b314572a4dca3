import { ShapeError, broadcastShapes, type ProgramBuilder, type Shape } from '@ntk/tensor';
import { align } from '../align.ts';
import { formatExtents, isPerExample, sameExtent, type Extent } from '../extent.ts';
import { reshape as reshapeView, type ReshapeOptions } from '../reshape.ts';
import { move } from '../static.ts';
import type { Traced, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { extentsOf, viewOf, withSoleAxis } from '../view.ts';

/** The extents of anything traced. */
export function extentsOfTraced(tracer: Tracer, traced: Traced): readonly Extent[] {
  return traced.kind === 'static' ? traced.shape : extentsOf(tracer.builder, traced);
}

/** The number of axes of anything traced. */
export function rankOf(traced: Traced): number {
  return traced.kind === 'static' ? traced.shape.length : traced.axes.length;
}

/** An axis counted from the end if negative. @throws {ShapeError} if there is none */
export function axisOf(axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank)
    throw new ShapeError(`got axis ${axis} of ${rank}, expected one from ${-rank} to ${rank - 1}`);
  return resolved;
}

/** The axes in another order. */
export function transpose(tracer: Tracer, operand: Traced, permutation: readonly number[]): Traced {
  const sorted = permutation.toSorted((x, y) => x - y);
  if (permutation.length !== rankOf(operand) || sorted.some((axis, i) => axis !== i))
    throw new ShapeError(
      `got the permutation [${permutation.join(', ')}] of ${rankOf(operand)} axes, expected each once`,
    );
  return move(tracer, [operand], (_b, [view]) => ({ ...view!, axes: permutation.map((axis) => view!.axes[axis]!) }));
}

/** The same elements under other axes; one extent may be -1. */
export function reshape(
  tracer: Tracer,
  operand: Traced,
  target: readonly Extent[],
  options: Partial<ReshapeOptions> = {},
): Traced {
  const { zeroCopies = false, fixedExamples = tracer.fixedExamples } = options;
  return move(tracer, [operand], (b, [view]) => reshapeView(b, view!, target, { zeroCopies, fixedExamples }));
}

/** Adds axes of extent 1 at places counted in the result. */
export function unsqueeze(tracer: Tracer, operand: Traced, places: readonly number[]): Traced {
  const rank = rankOf(operand) + places.length;
  const added = new Set(places.map((axis) => axisOf(axis, rank)));
  if (added.size < places.length) throw new ShapeError(`got the axes [${places.join(', ')}], expected each once`);
  return move(tracer, [operand], (_b, [view]) => {
    let next = 0;
    return { ...view!, axes: Array.from({ length: rank }, (_, axis) => (added.has(axis) ? [] : view!.axes[next++]!)) };
  });
}

/** Drops axes of extent 1: those named, or all. */
export function squeeze(tracer: Tracer, operand: Traced, places?: readonly number[]): Traced {
  const extents = extentsOfTraced(tracer, operand);
  const dropped = new Set(
    places === undefined
      ? extents.flatMap((extent, axis) => (extent === 1 ? [axis] : []))
      : places.map((axis) => axisOf(axis, extents.length)),
  );
  for (const axis of dropped) {
    const extent = extents[axis]!;
    // A file made for one example may drop that axis; here it would be lost.
    if (extent !== 1) throw new ShapeError(`got axis ${axis} of ${formatExtents(extents)} to drop, expected extent 1`);
  }
  return move(tracer, [operand], (_b, [view]) => ({
    ...view!,
    axes: view!.axes.filter((_, axis) => !dropped.has(axis)),
  }));
}

/** Elements start, start + step, … before end along one axis, all within it; a negative step goes backwards. */
export function slice(
  tracer: Tracer,
  operand: Traced,
  axis: number,
  range: { readonly start: number; readonly end: number; readonly step?: number },
): Traced {
  const { start, end, step = 1 } = range;
  const extent = extentsOfTraced(tracer, operand)[axis]!;
  if (start === 0 && step === 1 && (isPerExample(extent) ? end === Infinity : end === extent)) return operand;
  if (step < 0) {
    const count = Math.max(0, Math.ceil((end - start) / step));
    return take(
      tracer,
      operand,
      axis,
      Array.from({ length: count }, (_, i) => start + i * step),
    );
  }
  return move(tracer, [operand], (b, [view]) => {
    const { view: sole, at } = withSoleAxis(b, view!, axis);
    return replaced(b, sole, axis, b.slice(sole.value, at, { start, end, step }), at);
  });
}

/** The entries of one axis at given places, in their order; `drop` takes a single one and drops the axis. */
export function take(
  tracer: Tracer,
  operand: Traced,
  axis: number,
  places: readonly number[],
  options: { readonly drop?: boolean } = {},
): Traced {
  return move(tracer, [operand], (b, [view]) => {
    const { view: sole, at } = withSoleAxis(b, view!, axis);
    const first = places[0] ?? 0;
    const run = places.every((place, i) => place === first + i);
    const value = run
      ? b.slice(sole.value, at, { start: first, end: first + places.length })
      : b.concat(
          runsOf(places).map(([from, to]) => b.slice(sole.value, at, { start: from, end: to })),
          at,
        );
    const taken = replaced(b, sole, axis, value, at);
    return options.drop ? { ...taken, axes: taken.axes.filter((_, j) => j !== axis) } : taken;
  });
}

/** Places as runs of neighbours, [from, to). */
function runsOf(places: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last?.[1] === place) last[1] = place + 1;
    else runs.push([place, place + 1]);
  }
  return runs;
}

/** The view of a value that differs in the extent of the axis that `axis` is made of. */
function replaced(b: ProgramBuilder, view: View, axis: number, value: number, at: number): View {
  const extent = b.shape(value)[at]!;
  return { ...view, value, axes: view.axes.with(axis, extent === 1 ? [] : [at]) };
}

/** Tensors one after the other along an axis. */
export function concat(tracer: Tracer, operands: readonly Traced[], axis: number): Traced {
  if (operands.length === 1) return operands[0]!;
  const some = operands.find((operand) => operand.kind === 'view' && operand.examples);
  const alike =
    some === undefined ? operands : operands.map((operand) => withExamples(tracer, tracer.named(operand), some, axis));
  return move(tracer, alike, (b, views) => {
    const { values, axes, examples } = align(b, views, { joined: axis });
    const at = axes[axis]![0]!;
    const value = b.concat(values, at);
    return { ...views[0]!, value, axes: axes.with(axis, b.shape(value)[at] === 1 ? [] : [at]), examples };
  });
}

/** A tensor that all examples share, repeated for each where the other one holds them. */
function withExamples(tracer: Tracer, operand: Traced, other: Traced, axis: number): Traced {
  if (operand.kind === 'view' && operand.examples) return operand;
  const target = extentsOfTraced(tracer, other).with(axis, extentsOfTraced(tracer, operand)[axis]!);
  return expand(tracer, operand, target);
}

/** Zeros, or another number, before and after along one axis; negative amounts cut. */
export function pad(
  tracer: Tracer,
  operand: Traced,
  axis: number,
  amount: { readonly before: number; readonly after: number; readonly value?: number },
): Traced {
  const { before, after, value = 0 } = amount;
  if (before === 0 && after === 0) return operand;
  return move(tracer, [operand], (b, [view]) => {
    const { view: sole, at } = withSoleAxis(b, view!, axis);
    // Zeros stay zeros in padding: shift by the number before and after.
    const shifted = value === 0 ? sole.value : b.sub(sole.value, b.scalar(value));
    const extent = b.shape(shifted)[at]!;
    const cut = b.slice(shifted, at, { start: Math.max(0, -before), end: extent - Math.max(0, -after) });
    const padded = b.pad(before < 0 || after < 0 ? cut : shifted, at, {
      before: Math.max(0, before),
      after: Math.max(0, after),
    });
    return replaced(b, sole, axis, value === 0 ? padded : b.add(padded, b.scalar(value)), at);
  });
}

/** Stretches to a shape that may hold the number of examples; extents of 1 in the shape keep those of the operand. */
export function expand(tracer: Tracer, operand: Traced, target: readonly Extent[]): Traced {
  const wanted = target.map((extent, axis) => {
    const own = extentsOfTraced(tracer, operand)[axis - target.length + rankOf(operand)];
    return extent === 1 || extent === -1 ? (own ?? 1) : extent;
  });
  const all =
    wanted.length < rankOf(operand)
      ? [...extentsOfTraced(tracer, operand).slice(0, -wanted.length), ...wanted]
      : wanted;
  const extents = extentsOfTraced(tracer, operand);
  if (all.length === extents.length && all.every((extent, axis) => sameExtent(extent, extents[axis]!))) return operand;
  const shape = all.map((extent) => (isPerExample(extent) ? 1 : extent));
  const shared = move(tracer, [operand], (b, [view]) => stretch(b, view!, shape));
  const axis = all.findIndex(isPerExample);
  return axis === -1 || (shared.kind === 'view' && shared.examples)
    ? shared
    : repeatForExamples(tracer, shared, all, axis);
}

/** The view stretched to a shape, in which an extent of 1 keeps its own. */
function stretch(b: ProgramBuilder, view: View, shape: Shape): View {
  const model = viewOf(b, b.broadcastTo(b.scalar(0), shape), { examples: false });
  const { values, axes, examples } = align(b, [view, model]);
  const full = broadcastShapes(b.shape(values[0]!), b.shape(values[1]!));
  return { ...view, value: b.broadcastTo(values[0]!, examples ? [-1, ...full.slice(1)] : full), axes, examples };
}

/** A tensor that all examples share, with an axis of examples at `axis`. The derivative passes through, nothing of the input does. */
function repeatForExamples(tracer: Tracer, operand: Traced, extents: readonly Extent[], axis: number): View {
  const b = tracer.builder;
  const { perExample: each } = extents[axis] as Exclude<Extent, number>;
  const view = tracer.named(operand);
  const flat = b.reshape(tracer.input, [
    -1,
    b
      .shape(tracer.input)
      .slice(1)
      .reduce((x, y) => x * y, 1),
  ]);
  // Examples, and, where each has several entries, those, before the operand's own axes.
  const own = b.shape(view.value);
  const before = each === 1 ? 1 : 2;
  const marker = b.reshape(b.slice(flat, 1, { end: 1 }), [-1, ...new Array<number>(own.length + before - 1).fill(1)]);
  const row = b.reshape(view.value, [...new Array<number>(before).fill(1), ...own]);
  const value = b.where(b.scalar(0), marker, each === 1 ? row : b.broadcastTo(row, [1, each, ...own]));
  const places = each === 1 ? [0] : [0, 1];
  const axes = view.axes.map((list, j) => (j === axis ? places : list.map((one) => one + before)));
  return { ...view, value, axes, examples: true };
}
