import { sizeOf, type Shape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { joinAxes } from './axes.ts';
import type { Operand } from './rule.ts';
import { view } from './view.ts';

/** Operations of two operands are safe up to this rank in every engine; beyond six, wasm returns garbage. */
const MAX_RANK = 4;

/** Whether an operand stretches along an axis of the shape that it broadcasts to. */
function stretches({ shape }: Operand, to: Shape, axis: number): boolean {
  return (shape[axis - to.length + shape.length] ?? 1) < to[axis]!;
}

/**
 * Two operands in shapes of low rank that broadcast natively to `to`, with its elements.
 */
export function align(
  tf: TfjsModule,
  [a, b]: readonly [Operand, Operand],
  to: Shape,
): [a: NativeTensor, b: NativeTensor] {
  const groups = joinAxes(to, (axis) => (stretches(a, to, axis) ? 'a' : stretches(b, to, axis) ? 'b' : 'neither'));
  if (groups.length > MAX_RANK) return [stretch(tf, a, to), stretch(tf, b, to)];
  const shapeOf = (own: 'a' | 'b'): number[] => groups.map(({ extent, kind }) => (kind === own ? 1 : extent));
  return [view(tf, a.native, shapeOf('a')), view(tf, b.native, shapeOf('b'))];
}

/**
 * All elements that an operand broadcasts to, flat.
 *
 * Multiplies by ones, which is exact for every number: `tile`, on which `broadcastTo` and `where` rely, is 200 times slower on wasm.
 */
export function stretch(tf: TfjsModule, x: Operand, to: Shape): NativeTensor {
  const groups = joinAxes(to, (axis) => stretches(x, to, axis)).reverse();
  let native = x.native;
  let outer = sizeOf(x.shape);
  let inner = 1;
  for (const { extent, kind: isStretched } of groups) {
    if (isStretched) native = tf.mul(view(tf, native, [outer, 1, inner]), tf.fill([1, extent, 1], 1, 'float32'));
    else outer /= extent;
    inner *= extent;
  }
  return view(tf, native, [sizeOf(to)]);
}
