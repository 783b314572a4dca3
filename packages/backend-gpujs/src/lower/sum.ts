import { sizeOf } from '@ntk/tensor';
import type { Rule } from './rule.ts';

/** Adds up `count` numbers for each thread, [y, count, x]. */
const SOURCE = `function (a, count, width) {
  const start = this.thread.y * count * width + this.thread.x;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += a[start + i * width];
  }
  return sum;
}`;

/** Sums over one axis after the other, the last one first. */
export const sum: Rule<'sum'> = async (kernels, [x], { attributes: { axes }, shape }) => {
  if (sizeOf(x!.shape) === 0) return new Float32Array(sizeOf(shape));
  let data = x!.data;
  let extents = x!.shape;
  for (const axis of axes.toSorted((a, b) => b - a)) {
    const [outer, count, inner] = [sizeOf(extents.slice(0, axis)), extents[axis]!, sizeOf(extents.slice(axis + 1))];
    if (count > 1) data = await kernels.run(SOURCE, [inner, outer, 1], [data, count, inner]);
    extents = extents.toSpliced(axis, 1);
  }
  return data;
};
