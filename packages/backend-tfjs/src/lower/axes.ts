import type { Shape } from '@ntk/tensor';

/** Neighbouring axes that are treated alike and so can be one. */
export interface AxisGroup<K> {
  readonly extent: number;
  readonly kind: K;
}

/**
 * Drops axes of extent 1 and joins neighbours of one kind, so that an operation meets as few axes as possible: engines are
 * fastest for few, and go wrong beyond four to six.
 *
 * @param kindOf - what is to be done along an axis; kinds are compared by `===`
 */
export function joinAxes<K>(shape: Shape, kindOf: (axis: number) => K): AxisGroup<K>[] {
  const groups: AxisGroup<K>[] = [];
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const kind = kindOf(axis);
    const last = groups.at(-1);
    if (last?.kind === kind) groups[groups.length - 1] = { extent: last.extent * extent, kind };
    else groups.push({ extent, kind });
  });
  return groups;
}
