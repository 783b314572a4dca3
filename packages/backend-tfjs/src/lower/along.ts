import { sizeOf, type Shape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import type { Operand } from './rule.ts';
import { view } from './view.ts';

/** Entries start, start + step, … of an axis. */
interface Taken {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** Zeros before and after the entries of an axis, and step - 1 zeros between neighbours. */
interface Padding {
  readonly before: number;
  readonly after: number;
  readonly step: number;
}

/** Some entries along an axis; what lies before and behind the axis is joined with it. */
export function takeAlong(tf: TfjsModule, x: Operand, axis: number, { start, count, step }: Taken): Operand {
  const { outer, extent, inner } = around(x.shape, axis);
  const shape = x.shape.with(axis, count);
  if (step === 1) {
    return { native: takeColumns(tf, x.native, [outer, extent * inner], start * inner, count * inner), shape };
  }
  // Steps become an axis of their own, of which the first entry is taken: strided slices are 20 times slower on wasm.
  const missing = Math.max(0, start + count * step - extent);
  const padded = padColumns(tf, x.native, [outer, extent * inner], 0, missing * inner);
  const taken = takeColumns(tf, padded, [outer, (extent + missing) * inner], start * inner, count * step * inner);
  return { native: takeColumns(tf, taken, [outer * count, step * inner], 0, inner), shape };
}

/** Zeros around and between the entries along an axis of an operand that has elements. */
export function padAlong(tf: TfjsModule, x: Operand, axis: number, { before, after, step }: Padding): Operand {
  const { outer, extent, inner } = around(x.shape, axis);
  const shape = x.shape.with(axis, before + (extent - 1) * step + 1 + after);
  if (step === 1) {
    return { native: padColumns(tf, x.native, [outer, extent * inner], before * inner, after * inner), shape };
  }
  // Each entry gets its zeros behind it; those behind the last are taken away where `after` does not want them.
  const spread = padColumns(tf, x.native, [outer * extent, inner], 0, (step - 1) * inner);
  const surplus = Math.max(0, step - 1 - after);
  const kept = takeColumns(tf, spread, [outer, extent * step * inner], 0, (extent * step - surplus) * inner);
  const missing = Math.max(0, after - (step - 1));
  const columns = (extent * step - surplus) * inner;
  return { native: padColumns(tf, kept, [outer, columns], before * inner, missing * inner), shape };
}

/** The extent of an axis, and the sizes of what lies before and behind it. */
function around(shape: Shape, axis: number): { outer: number; extent: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

function takeColumns(
  tf: TfjsModule,
  x: NativeTensor,
  [rows, columns]: readonly [number, number],
  start: number,
  count: number,
): NativeTensor {
  return count === columns ? x : tf.slice(view(tf, x, [rows, columns]), [0, start], [rows, count]);
}

function padColumns(
  tf: TfjsModule,
  x: NativeTensor,
  [rows, columns]: readonly [number, number],
  before: number,
  after: number,
): NativeTensor {
  if (before === 0 && after === 0) return x;
  return tf.pad(view(tf, x, [rows, columns]), [
    [0, 0],
    [before, after],
  ]);
}
