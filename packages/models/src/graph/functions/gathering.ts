import { ShapeError, UnsupportedError, type ProgramBuilder } from '@ntk/tensor';
import { asNumber } from '../extent.ts';
import { numbersIn } from '../operands.ts';
import type { StaticTensor, Traced, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { arrange, owned, withSoleAxis } from '../view.ts';
import { extentsOfTraced, reshape, take } from './movement.ts';

/** Entries along an axis that known or computed indices name: of a table of weights, which is trainable, or of anything else. */
export function gatherFrom(tracer: Tracer, data: Traced, indices: Traced, axis: number): Traced {
  if (indices.kind === 'static') return pick(tracer, data, indices, axis);
  const isTable = data.kind === 'static' && data.weight !== undefined && data.shape.length >= 2;
  return gather(tracer, isTable ? tracer.weight(data) : tracer.view(data), indices, axis);
}

/** Entries at places that are known while the graph is read. */
function pick(tracer: Tracer, data: Traced, indices: StaticTensor, axis: number): Traced {
  const extents = extentsOfTraced(tracer, data);
  const extent = asNumber(extents[axis]!, 'an axis to pick from');
  const taken = numbersIn(indices, 'an index').map((index) => (index < 0 ? index + extent : index));
  if (taken.some((index) => index < 0 || index >= extent))
    throw new ShapeError(`got the index ${taken.join(', ')}, expected 0 to ${extent - 1}`);
  if (indices.shape.length === 0) return take(tracer, data, axis, taken, { drop: true });
  const flat = take(tracer, data, axis, taken);
  return indices.shape.length === 1
    ? flat
    : reshape(tracer, flat, [...extents.slice(0, axis), ...indices.shape, ...extents.slice(axis + 1)], {
        fixedExamples: null,
      });
}

/** Rows of a table, or entries of any tensor of weights, that computed indices name. */
function gather(tracer: Tracer, table: View, indices: View, axis: number): View {
  const b = tracer.builder;
  if (table.examples)
    throw new UnsupportedError('got indices that pick from what differs between examples, expected a table of weights');
  const { view, at } = withAxisFirst(b, table, axis);
  const rank = b.shape(indices.value).length;
  const axes = view.axes.flatMap((list, j) => (j === axis ? indices.axes : [list.map((one) => one - 1 + rank)]));
  return {
    kind: 'view',
    element: table.element,
    value: b.gather(view.value, indices.value, at),
    axes,
    examples: indices.examples,
  };
}

/** The view with one axis of its value, the first, for one of its own: what is put in its place may hold examples. */
function withAxisFirst(b: ProgramBuilder, view: View, axis: number): { readonly view: View; readonly at: 0 } {
  const { view: sole, at } = withSoleAxis(b, view, axis);
  if (at === 0) return { view: sole, at };
  const others = b.shape(sole.value).flatMap((_, one) => (one !== at && owned(sole, one) ? [one] : []));
  const order = [at, ...others];
  const axes = sole.axes.map((list) => list.map((one) => order.indexOf(one)));
  return {
    view: {
      ...sole,
      value: arrange(
        b,
        sole,
        order.map((one) => [one]),
      ),
      axes,
    },
    at: 0,
  };
}
