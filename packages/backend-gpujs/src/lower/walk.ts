import { broadcastStrides, type Shape } from '@ntk/tensor';
import type { Extents } from '../kernels.ts';

/** How threads find their element in an operand: x · steps[0] + y · steps[1] + z · steps[2]. */
export interface Walk {
  readonly extents: Extents;
  /** For each operand. */
  readonly steps: readonly Extents[];
}

/**
 * The threads of an elementwise kernel over `shape`, to which the operands broadcast.
 *
 * @returns undefined where three axes are too few: axes that all operands cross evenly are joined first
 */
export function walk(shape: Shape, operands: readonly Shape[]): Walk | undefined {
  const strides = operands.map((operand) => broadcastStrides(operand, shape));
  const axes: { extent: number; steps: number[] }[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    const steps = strides.map((own) => own[axis]!);
    const inner = axes.at(-1);
    if (extent === 1) continue;
    if (inner !== undefined && steps.every((step, i) => step === inner.steps[i]! * inner.extent))
      inner.extent *= extent;
    else axes.push({ extent, steps });
  }
  if (axes.length > 3) return undefined;
  const along = (pick: (axis: { extent: number; steps: number[] }) => number, otherwise: number): Extents => {
    const [x = otherwise, y = otherwise, z = otherwise] = axes.map(pick);
    return [x, y, z];
  };
  return {
    extents: along(({ extent }) => extent, 1),
    steps: operands.map((_, i) => along(({ steps }) => steps[i]!, 0)),
  };
}
