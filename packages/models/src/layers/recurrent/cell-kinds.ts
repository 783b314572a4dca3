import type { ProgramBuilder, Value } from '@ntk/tensor';
import { z } from 'zod';
import { readActivation } from '../../activations/activation.ts';
import { below, checkJson, type JsonObject } from '../../json.ts';
import type { Cell, Function1, Recurrence } from '../../recurrence/cell.ts';
import { gruCell, lstmCell, simpleCell, stackedCell, type CellParts } from '../../recurrence/cells.ts';
import type { LayerCall, LayerContext, WeightSlot } from '../layer.ts';
import { gateActivation, noCell, type CellKind, type CellReader } from './cell-reader.ts';
import { convolutionalLstm } from './convolutional-lstm.ts';

const schema = z.object({
  units: z.int().positive(),
  use_bias: z.boolean().default(true),
  activation: z.unknown().optional(),
});

interface Weights {
  /** How many gates there are. */
  readonly gates: number;
  /** Whether a bias of its own goes with the recurrent kernel: the bias is then [2, gates · units]. */
  readonly twoBiases?: boolean;
}

/** Reads what cells of every kind have: a kernel, a recurrent kernel and a bias. */
function readCell(
  config: JsonObject,
  context: LayerContext,
  { gates, twoBiases = false }: Weights,
  build: (b: ProgramBuilder, parts: CellParts, call: LayerCall) => Cell,
): CellReader {
  const { units, use_bias: useBias, activation } = checkJson(schema, config, context.place);
  const activate = readActivation(activation === undefined ? 'tanh' : activation, context);
  const width = gates * units;
  return {
    slots: ['kernel', 'recurrent_kernel', ...(useBias ? ['bias'] : [])].map((name) => ({ name, trainable: true })),
    units,
    axes: 3,
    build: (call, inputs) => {
      const { builder: b } = call;
      const kernel = call.weight('kernel', [inputs, width]);
      const bias = (row: number): Value =>
        twoBiases
          ? b.reshape(b.slice(call.weight('bias', [2, width]), 0, { start: row, end: row + 1 }), [width])
          : call.weight('bias', [width]);
      const prepare: Function1 = (x) => {
        const product = b.matmul(x, kernel);
        return useBias ? b.add(product, bias(0)) : product;
      };
      const recur = recurrence(call, { units, gates, bias: useBias && twoBiases ? bias(1) : null });
      const parts = { units, prepare, recur, activation: (x: Value) => activate(call, x) };
      return build(b, parts, call);
    },
  };
}

function recurrence(
  call: LayerCall,
  { units, gates, bias }: { readonly units: number; readonly gates: number; readonly bias: Value | null },
): Recurrence {
  const { builder: b } = call;
  const kernel = call.weight('recurrent_kernel', [units, gates * units]);
  return (h, { from, to }) => {
    const part = (value: Value, axis: number): Value =>
      from === 0 && to === gates ? value : b.slice(value, axis, { start: from * units, end: to * units });
    const own = bias === null ? null : part(bias, 0);
    if (h === null) return own === null ? null : b.reshape(own, [1, (to - from) * units]);
    const product = b.matmul(h, part(kernel, 1));
    return own === null ? product : b.add(product, own);
  };
}

const simple: CellKind = (config, context) => readCell(config, context, { gates: 1 }, simpleCell);

const lstm: CellKind = (config, context) => {
  const gate = gateActivation(config, context);
  return readCell(config, context, { gates: 4 }, (b, parts, call) =>
    lstmCell(b, {
      ...parts,
      recurrentActivation: gate(call),
      outputActivation: parts.activation,
      order: { i: 0, f: 1, c: 2, o: 3 },
    }),
  );
};

const gruSchema = z.object({ reset_after: z.boolean().default(false) });

const gru: CellKind = (config, context) => {
  const { reset_after: resetAfter } = checkJson(gruSchema, config, context.place);
  const gate = gateActivation(config, context);
  return readCell(config, context, { gates: 3, twoBiases: resetAfter }, (b, parts, call) =>
    gruCell(b, { ...parts, recurrentActivation: gate(call), resetAfter }),
  );
};

const cellSchema = z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) });
const stackedSchema = z.object({ cells: z.array(cellSchema).min(1) });

/** Cells one upon the other; files name each by its place (TensorFlow.js) or its own name (Keras). */
const stacked: CellKind = (config, context) => {
  const { cells } = checkJson(stackedSchema, config, context.place);
  const readers = cells.map((cell, i) =>
    readCellOf(cell.class_name, cell.config, { ...context, place: below(context.place, 'cells', i, 'config') }),
  );
  const prefixes = cells.map((_, i) => `cell_${i}`);
  const scopes = cells.map((cell, i) => {
    const own = typeof cell.config['name'] === 'string' ? [cell.config['name']] : [];
    const around = typeof config['name'] === 'string' ? own.map((name) => `${config['name'] as string}/${name}`) : [];
    return [`RNNCell_${i}`, ...own, ...around];
  });
  return {
    slots: readers.flatMap(({ slots }, i) => slots.map((slot) => scopedSlot(slot, prefixes[i]!, scopes[i]!))),
    units: readers.at(-1)!.units,
    axes: 3,
    build: (call, inputs) =>
      stackedCell(
        readers.map((reader, i) =>
          reader.build(withScope(call, prefixes[i]!), i === 0 ? inputs : readers[i - 1]!.units),
        ),
      ),
  };
};

/** The slot of an inner layer among those of the layer around it. */
export function scopedSlot(slot: WeightSlot, prefix: string, scopes: readonly string[]): WeightSlot {
  const inner = slot.scopes;
  const all = inner ? scopes.flatMap((scope) => inner.map((name) => `${scope}/${name}`)) : scopes;
  return { ...slot, name: `${prefix}/${slot.name}`, scopes: all };
}

/** The call of an inner layer, whose weights have the prefix. */
export function withScope(call: LayerCall, prefix: string): LayerCall {
  return { ...call, weight: (slot, shape) => call.weight(`${prefix}/${slot}`, shape) };
}

const cellKinds: ReadonlyMap<string, CellKind> = new Map<string, CellKind>([
  ['SimpleRNNCell', simple],
  ['GRUCell', gru],
  ['LSTMCell', lstm],
  ['StackedRNNCells', stacked],
  ['ConvLSTM2DCell', convolutionalLstm],
]);

/** Understands a cell by its class; notes one that is unknown. */
export function readCellOf(className: string, config: JsonObject, context: LayerContext): CellReader {
  const kind = cellKinds.get(className);
  if (kind) return kind(config, context);
  context.unsupported(`the cell ${className}`, `the cells ${[...cellKinds.keys()].join(', ')}`);
  return noCell;
}
