import { ShapeError, type Value } from '@ntk/tensor';
import { z } from 'zod';
import { below, checkJson, type JsonObject } from '../../json.ts';
import { sequenceOf, unroll, type Passed } from '../../recurrence/unroll.ts';
import { formatExample } from '../axes.ts';
import type { LayerCall, LayerContext, LayerKind, WeightSlot } from '../layer.ts';
import { readCellOf } from './cell-kinds.ts';
import { noCell, type CellReader } from './cell-reader.ts';

/** Classes of layers that go through a sequence step by step. */
const recurrentClasses: readonly string[] = ['SimpleRNN', 'GRU', 'LSTM', 'ConvLSTM2D', 'RNN'];

const schema = z.object({
  return_sequences: z.boolean().default(false),
  return_state: z.boolean().default(false),
  go_backwards: z.boolean().default(false),
  stateful: z.boolean().default(false),
  time_major: z.boolean().default(false),
});

/** A recurrent layer, its configuration understood. */
export interface RecurrentReader {
  readonly slots: readonly WeightSlot[];
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly run: (call: LayerCall, options: { readonly turned: boolean; readonly initial: readonly Value[] }) => Passed;
}

/** Understands a recurrent layer, by itself or inside another one. */
export function readRecurrent(className: string, config: JsonObject, context: LayerContext): RecurrentReader {
  const settings = checkJson(schema, config, context.place);
  if (!recurrentClasses.includes(className))
    context.unsupported(`a wrapped ${className}`, `a wrapped ${recurrentClasses.join(', ')}`);
  if (settings.stateful) context.unsupported('states kept from batch to batch', 'stateful = false');
  if (settings.time_major) context.unsupported('steps before examples', 'time_major = false');
  const { return_sequences: returnSequences, return_state: returnState, go_backwards: backwards } = settings;
  const { cell, isStacked } = cellOf(className, config, context);
  if (isStacked && returnState) context.unsupported('the states of stacked cells', 'return_state = false');
  return {
    slots: cell.slots,
    returnSequences,
    returnState,
    run: (call, { turned, initial }) => {
      const { builder: b } = call;
      const sequence = call.inputs[0]!;
      const shape = b.shape(sequence);
      if (shape.length !== cell.axes)
        throw new ShapeError(
          `got inputs of shape ${formatExample(shape)}, expected [null, steps, ${cell.axes === 5 ? 'rows, columns, ' : ''}channels]`,
        );
      const built = cell.build(call, shape.at(-1)!);
      if (initial.length !== 0 && (isStacked || initial.length !== built.states))
        throw new ShapeError(`got ${initial.length} initial states, expected ${isStacked ? 0 : built.states}`);
      return unroll(b, built, {
        sequence,
        initial: initial.length === 0 ? new Array<null>(built.states).fill(null) : initial,
        backwards: backwards !== turned,
        mask: call.masks.get(sequence),
      });
    },
  };
}

const wrapperSchema = z.object({
  cell: z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) }),
});

/** The cell of a layer: SimpleRNN, GRU, LSTM and ConvLSTM2D have its configuration as their own, RNN a member with it. */
function cellOf(
  className: string,
  config: JsonObject,
  context: LayerContext,
): { readonly cell: CellReader; readonly isStacked: boolean } {
  if (!recurrentClasses.includes(className)) return { cell: noCell, isStacked: false };
  if (className !== 'RNN') return { cell: readCellOf(`${className}Cell`, config, context), isStacked: false };
  const { class_name: inner, config: own } = checkJson(wrapperSchema, config, context.place).cell;
  const cell = readCellOf(inner, own, { ...context, place: below(context.place, 'cell', 'config') });
  return { cell, isStacked: inner === 'StackedRNNCells' };
}

/** The states that a call hands in: after the sequence, or by name. */
export function initialStates({ inputs, named }: LayerCall): readonly Value[] {
  return named['initial_state'] ?? inputs.slice(1);
}

/** Gives the mask of the sequence to the outputs of a layer, where there is one for each step. */
export function keepMask({ masks, inputs }: LayerCall, outputs: readonly Value[]): void {
  const mask = masks.get(inputs[0]!);
  if (mask !== undefined) outputs.forEach((output) => masks.set(output, mask));
}

/** A recurrent layer, unrolled over the length of the sequence. */
export function recurrent(className: 'SimpleRNN' | 'GRU' | 'LSTM' | 'ConvLSTM2D' | 'RNN'): LayerKind {
  return (config, context) => {
    const reader = readRecurrent(className, config, context);
    return {
      slots: reader.slots,
      pointwise: false,
      masking: 'reads',
      emit: (call) => {
        const { outputs, states } = reader.run(call, { turned: false, initial: initialStates(call) });
        const output = reader.returnSequences ? sequenceOf(call.builder, outputs) : outputs.at(-1)!;
        if (reader.returnSequences) keepMask(call, [output]);
        return reader.returnState ? [output, ...states] : output;
      },
    };
  };
}
