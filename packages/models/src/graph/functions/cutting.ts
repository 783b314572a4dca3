import { ShapeError } from '@ntk/tensor';
import { asNumber, isPerExample, type Extent } from '../extent.ts';
import type { Traced } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { extentsOfTraced, slice } from './movement.ts';

/** Larger numbers mean the end of an axis. */
const TO_THE_END = 2 ** 31 - 1;

/** Which entries of an axis to take: start, start + step, … before end; negative ones count from the end, too large ones mean it. */
export interface Bounds {
  readonly start: Extent;
  readonly end: Extent;
  readonly step: number;
}

/** An axis of examples may only be taken as a whole. */
function isWhole({ start, end, step }: Bounds, extent: Extent): boolean {
  if (start !== 0 || step !== 1) return false;
  if (isPerExample(end)) return isPerExample(extent) && end.perExample >= extent.perExample;
  return end >= TO_THE_END || end === extent;
}

function clamped(bounds: Bounds, extent: number): { start: number; end: number; step: number } {
  const { step } = bounds;
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (value: Extent): number => {
    const number = asNumber(value, 'a bound of a slice');
    return Math.min(high, Math.max(low, number < 0 ? number + extent : number));
  };
  const start = clamp(bounds.start);
  const end = clamp(bounds.end);
  return { start, end: step > 0 ? Math.max(start, end) : end, step };
}

/** The entries of one axis within bounds. An axis of examples may only be taken as a whole. */
export function cut(tracer: Tracer, operand: Traced, axis: number, bounds: Bounds): Traced {
  const extent = extentsOfTraced(tracer, operand)[axis]!;
  return isWhole(bounds, extent)
    ? operand
    : slice(tracer, operand, axis, clamped(bounds, asNumber(extent, 'an axis to cut')));
}

/** The parts of one axis, of given sizes. @throws {ShapeError} if they do not add up */
export function split(tracer: Tracer, operand: Traced, axis: number, sizes: readonly number[]): Traced[] {
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to split');
  if (sizes.reduce((a, c) => a + c, 0) !== extent)
    throw new ShapeError(`got the sizes [${sizes.join(', ')}] of ${extent}, expected them to add up`);
  let start = 0;
  return sizes.map((each) => {
    const part = slice(tracer, operand, axis, { start, end: start + each });
    start += each;
    return part;
  });
}
