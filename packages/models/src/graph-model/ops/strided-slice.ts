import { ShapeError } from '@ntk/tensor';
import { asNumber, type Extent } from '../../graph/extent.ts';
import { cut } from '../../graph/functions/cutting.ts';
import { extentsOfTraced, rankOf, take, unsqueeze } from '../../graph/functions/movement.ts';
import { extentsIn, knownInput, numbersIn, required } from '../../graph/operands.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import type { DefNode, GraphRule } from '../graph-node.ts';

/** One entry of a slice as NumPy writes it: 2:7, 3, a new axis, or an ellipsis. */
type Entry =
  | { readonly kind: 'range'; readonly start: Extent; readonly end: Extent; readonly step: number }
  | { readonly kind: 'index'; readonly index: Extent }
  | { readonly kind: 'new' }
  | { readonly kind: 'ellipsis' };

/** The end of an axis, whichever its extent. */
const END = 2 ** 31 - 1;

/** x[2:7, ..., 3]: lists of bounds, and masks that say which entries leave them open, drop an axis, or add one. */
export const stridedSlice: GraphRule = (tracer, node, inputs) => {
  const entries = entriesOf(node, inputs);
  const operand = required(inputs, 0);
  const taken = entries.filter(({ kind }) => kind === 'range' || kind === 'index').length;
  if (taken > rankOf(operand))
    throw new ShapeError(`got ${taken} entries for ${rankOf(operand)} axes, expected one for each at most`);
  return apply(tracer, operand, entries, rankOf(operand) - taken);
};

function entriesOf(node: DefNode, inputs: readonly (Traced | undefined)[]): Entry[] {
  const [starts, ends] = [1, 2].map((index) => extentsIn(knownInput(inputs, index, 'bounds')));
  const steps = numbersIn(knownInput(inputs, 3, 'steps'), 'a step');
  const masked = (name: string, i: number): boolean => ((node.number(name, 0) >> i) & 1) === 1;
  return steps.map((step, i): Entry => {
    if (masked('ellipsis_mask', i)) return { kind: 'ellipsis' };
    if (masked('new_axis_mask', i)) return { kind: 'new' };
    if (masked('shrink_axis_mask', i)) return { kind: 'index', index: starts![i]! };
    const [open, closed] = step > 0 ? [0, END] : [END, -END];
    return {
      kind: 'range',
      start: masked('begin_mask', i) ? open : starts![i]!,
      end: masked('end_mask', i) ? closed : ends![i]!,
      step,
    };
  });
}

/** @param untouched - how many axes an ellipsis stands for */
function apply(tracer: Tracer, operand: Traced, entries: readonly Entry[], untouched: number): Traced {
  let axis = 0;
  return entries.reduce<Traced>((result, entry) => {
    switch (entry.kind) {
      case 'ellipsis':
        axis += untouched;
        return result;
      case 'new':
        return unsqueeze(tracer, result, [axis++]);
      case 'index':
        return pick(tracer, result, axis, entry.index);
      case 'range':
        return cut(tracer, result, axis++, entry);
    }
  }, operand);
}

/** The entry at one place; the axis disappears. */
function pick(tracer: Tracer, operand: Traced, axis: number, index: Extent): Traced {
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to pick from');
  const place = asNumber(index, 'an index');
  const at = place < 0 ? place + extent : place;
  if (at < 0 || at >= extent) throw new ShapeError(`got the index ${place}, expected ${-extent} to ${extent - 1}`);
  return take(tracer, operand, axis, [at], { drop: true });
}
