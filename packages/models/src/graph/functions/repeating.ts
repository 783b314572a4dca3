import { sizeOf } from '@ntk/tensor';
import { asNumber, type Extent } from '../extent.ts';
import { numberIn } from '../operands.ts';
import { asNumbers, staticTensor } from '../static.ts';
import type { StaticTensor, Traced } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { axisOf, concat, expand, extentsOfTraced, rankOf, reshape } from './movement.ts';

/** One number at every place of a shape, which may hold the number of examples. */
export function fill(tracer: Tracer, filler: StaticTensor, shape: readonly Extent[]): Traced {
  const one = reshape(
    tracer,
    asNumbers(filler),
    shape.map(() => 1),
  );
  return expand(tracer, one, shape);
}

/** start, start + step, … before the limit: each a tensor of one number. */
export function range([start, limit, step]: readonly [StaticTensor, StaticTensor, StaticTensor]): StaticTensor {
  const [from, to, by] = [start, limit, step].map((each) => numberIn(each, 'a bound of a range')) as [
    number,
    number,
    number,
  ];
  const count = Math.max(0, Math.ceil((to - from) / by));
  return staticTensor(
    start.element,
    [count],
    Array.from({ length: count }, (_, i) => from + i * by),
  );
}

/** The tensor laid side by side so many times along each axis. */
export function tile(tracer: Tracer, operand: Traced, repeats: readonly Extent[]): Traced {
  const extents = extentsOfTraced(tracer, operand);
  return repeats.reduce<Traced>((result, count, axis) => {
    // What has extent 1 is stretched, which may be for every example; the rest is laid side by side.
    if (extents[axis] === 1) return expand(tracer, result, extentsOfTraced(tracer, result).with(axis, count));
    const times = asNumber(count, 'a number of repeats');
    return concat(tracer, new Array<Traced>(times).fill(result), axis);
  }, operand);
}

/** Tensors one after the other along an axis, without empty ones: exporters join empty lists of extents. */
export function concatNonEmpty(tracer: Tracer, operands: readonly Traced[], axis: number): Traced {
  const filled = operands.filter((operand) => operand.kind === 'view' || sizeOf(operand.shape) > 0);
  return concat(tracer, filled, axisOf(axis, rankOf(filled[0]!)));
}
