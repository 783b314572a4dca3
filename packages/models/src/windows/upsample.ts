import type { ProgramBuilder, Value } from '@ntk/tensor';

/** Every pixel of images repeated [vertically, horizontally]. */
export function repeatPixels(b: ProgramBuilder, images: Value, [down, across]: readonly [number, number]): Value {
  const [, rows, columns, channels] = b.shape(images) as [number, number, number, number];
  const split = b.reshape(images, [-1, rows, 1, columns, 1, channels]);
  const stretched = b.broadcastTo(split, [-1, rows, down, columns, across, channels]);
  return b.reshape(stretched, [-1, rows * down, columns * across, channels]);
}
