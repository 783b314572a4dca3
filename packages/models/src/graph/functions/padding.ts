import { UnsupportedError } from '@ntk/tensor';
import { asNumber } from '../extent.ts';
import type { Traced } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { extentsOfTraced, take } from './movement.ts';

/** How many entries to repeat before and after an axis, and which: the last (edge), those of the other end (wrap), or mirrored ones without (reflect) or with the last (symmetric). */
export interface Repetition {
  readonly before: number;
  readonly after: number;
  readonly mode: string;
}

/** Repeats entries of one axis before and after it. @throws {UnsupportedError} for another mode than edge, wrap, reflect, symmetric */
export function padByRepeating(tracer: Tracer, operand: Traced, axis: number, repetition: Repetition): Traced {
  if (repetition.before === 0 && repetition.after === 0) return operand;
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to pad');
  return take(tracer, operand, axis, places(extent, repetition));
}

/** Which entries a padding repeats. */
function places(extent: number, { before, after, mode }: Repetition): number[] {
  const turn = 2 * (extent - 1) || 1;
  const at: Readonly<Record<string, (place: number) => number>> = {
    edge: (place) => Math.min(extent - 1, Math.max(0, place)),
    wrap: (place) => ((place % extent) + extent) % extent,
    symmetric: (place) => {
      const within = ((place % (2 * extent)) + 2 * extent) % (2 * extent);
      return within < extent ? within : 2 * extent - 1 - within;
    },
    reflect: (place) => {
      const within = ((place % turn) + turn) % turn;
      return within < extent ? within : turn - within;
    },
  };
  const find = at[mode];
  if (find === undefined)
    throw new UnsupportedError(`got the mode '${mode}', expected constant, reflect, symmetric, edge or wrap`);
  return Array.from({ length: before + extent + after }, (_, i) => find(i - before));
}
