import { ShapeError, UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { elu, hardSigmoid, leakyRelu, softplus, softsign } from '../../activations/functions.ts';
import { asNumber, formatExtents } from '../../graph/extent.ts';
import { rankOf, take } from '../../graph/functions/movement.ts';
import { required } from '../../graph/operands.ts';
import type { Traced, View } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import { arrange, extentsOf } from '../../graph/view.ts';
import type { Cell, Function1, Recurrence } from '../../recurrence/cell.ts';
import { gruCell, lstmCell, simpleCell, type CellParts } from '../../recurrence/cells.ts';
import { sequenceOf, unroll, type Passed } from '../../recurrence/unroll.ts';
import type { OnnxRule, OnnxRules, OpNode } from '../op-node.ts';

/** Activations of cells, with their default parameters. */
const activations: { readonly [name: string]: (b: ProgramBuilder, x: Value) => Value } = {
  Tanh: (b, x) => b.unary('tanh', x),
  Sigmoid: (b, x) => b.unary('sigmoid', x),
  Relu: (b, x) => b.unary('relu', x),
  HardSigmoid: (b, x) => hardSigmoid(b, x, 0.2),
  Softsign: softsign,
  Softplus: softplus,
  Elu: (b, x) => elu(b, x, 1),
  LeakyRelu: (b, x) => leakyRelu(b, x, b.scalar(0.01)),
};

/** What is known of one direction of a recurrent operation. */
interface Direction {
  readonly parts: CellParts;
  readonly functions: readonly Function1[];
  /** The part of a weight [directions, length], or null where there is none. */
  readonly weights: (input: number) => Value | null;
}

/** A recurrent operation of one kind. */
interface Kind {
  readonly gates: number;
  /** Names of its functions. */
  readonly functions: readonly string[];
  /** True if inputs and recurrent kernel have biases that cannot be added beforehand. */
  readonly keepsBiasesApart: (node: OpNode) => boolean;
  readonly cell: (b: ProgramBuilder, node: OpNode, direction: Direction) => Cell;
}

const simple: Kind = {
  gates: 1,
  functions: ['Tanh'],
  keepsBiasesApart: () => false,
  cell: (b, _node, { parts }) => simpleCell(b, parts),
};

const lstm: Kind = {
  gates: 4,
  functions: ['Sigmoid', 'Tanh', 'Tanh'],
  keepsBiasesApart: () => false,
  cell: (b, node, { parts, functions: [gate, , output], weights }) => {
    if (node.number('input_forget', 0) !== 0)
      throw new UnsupportedError('got input_forget = 1, expected input and forget gates of their own');
    const peepholes = weights(7);
    const third = (i: number): Value => b.slice(peepholes!, 0, { start: i * parts.units, end: (i + 1) * parts.units });
    return lstmCell(b, {
      ...parts,
      recurrentActivation: gate!,
      outputActivation: output!,
      order: { i: 0, o: 1, f: 2, c: 3 },
      ...(peepholes !== null && { peepholes: { i: third(0), o: third(1), f: third(2) } }),
    });
  },
};

const gru: Kind = {
  gates: 3,
  functions: ['Sigmoid', 'Tanh'],
  keepsBiasesApart: isResetAfter,
  cell: (b, node, { parts, functions: [gate] }) =>
    gruCell(b, { ...parts, recurrentActivation: gate!, resetAfter: isResetAfter(node) }),
};

function isResetAfter(node: OpNode): boolean {
  return node.number('linear_before_reset', 0) !== 0;
}

/**
 * A recurrent operation: X [steps, n, channels] (layout 1: [n, steps, channels]) with W, R, B and initial states to Y, all outputs, Y_h and Y_c, the last
 * states. Weights hold both directions; gates come in the order of ONNX.
 */
function recurrent(kind: Kind): OnnxRule {
  return (tracer, node, inputs) => {
    if (inputs[4] !== undefined)
      throw new UnsupportedError('got lengths of sequences, expected all of the full length; export without them');
    if (node.has('clip')) throw new UnsupportedError('got clip, expected gates without limits');
    const b = tracer.builder;
    shareLayer(tracer, inputs);
    const isBatchFirst = node.number('layout', 0) !== 0;
    const sequence = sequenceIn(tracer, tracer.view(required(inputs, 0)), isBatchFirst);
    const units = node.number('hidden_size', 0);
    const turns = directionsOf(node);
    const runs = turns.map((backwards, i): Passed => {
      const direction = readDirection(tracer, node, { kind, inputs, units, index: i, count: turns.length });
      const cell = kind.cell(b, node, direction);
      const initial = Array.from({ length: cell.states }, (_, state) =>
        initialState(tracer, inputs[5 + state], { index: i, isBatchFirst }),
      );
      const passed = unroll(b, cell, { sequence, initial, backwards, mask: undefined });
      return backwards ? { ...passed, outputs: passed.outputs.toReversed() } : passed;
    });
    return outputsOf(b, runs, isBatchFirst);
  };
}

/** Notes that W, R, B and P belong to one layer, whatever their names. */
function shareLayer(tracer: Tracer, inputs: readonly (Traced | undefined)[]): void {
  const nameOf = (input: number): string | undefined => {
    const weight = inputs[input];
    return weight?.kind === 'static' ? weight.weight?.name : undefined;
  };
  const kernel = nameOf(1);
  for (const name of [2, 3, 7].flatMap((input) => nameOf(input) ?? []))
    if (kernel !== undefined) tracer.biases.set(name, kernel);
}

/** X as the Program has sequences, [n, steps, channels]. */
function sequenceIn(tracer: Tracer, view: View, isBatchFirst: boolean): Value {
  const b = tracer.builder;
  const [steps, examples] = isBatchFirst ? [1, 0] : [0, 1];
  if (rankOf(view) !== 3 || view.axes[examples]!.join() !== '0' || !view.examples)
    throw new ShapeError(
      `got a sequence of ${formatExtents(extentsOf(b, view))}, expected ${isBatchFirst ? '[n, steps, channels]' : '[steps, n, channels]'}`,
    );
  asNumber(extentsOf(b, view)[steps]!, 'a number of steps');
  return arrange(b, view, [view.axes[examples]!, view.axes[steps]!, view.axes[2]!]);
}

/** For each direction, whether it goes backwards. */
function directionsOf(node: OpNode): readonly boolean[] {
  const direction = node.text('direction', 'forward');
  const known: Readonly<Record<string, readonly boolean[]>> = {
    forward: [false],
    reverse: [true],
    bidirectional: [false, true],
  };
  const found = known[direction];
  if (found === undefined)
    throw new UnsupportedError(`got direction = '${direction}', expected forward, reverse or bidirectional`);
  return found;
}

interface DirectionOptions {
  readonly kind: Kind;
  readonly inputs: readonly (Traced | undefined)[];
  readonly units: number;
  readonly index: number;
  readonly count: number;
}

function readDirection(
  tracer: Tracer,
  node: OpNode,
  { kind, inputs, units, index, count }: DirectionOptions,
): Direction {
  const b = tracer.builder;
  const part = (input: number): Value | null => {
    const weight = inputs[input];
    if (weight === undefined) return null;
    const { value } = tracer.weight(weight);
    const shape = b.shape(value);
    if (shape[0] !== count)
      throw new ShapeError(
        `got weights [${shape.join(', ')}], expected ${count} along the first axis: one a direction`,
      );
    return b.reshape(b.slice(value, 0, { start: index, end: index + 1 }), shape.slice(1));
  };
  const [kernel, recurrent, biases] = [part(1)!, part(2)!, part(3)];
  const width = kind.gates * units;
  const bias = (half: number): Value | null =>
    biases === null ? null : b.slice(biases, 0, { start: half * width, end: (half + 1) * width });
  const apart = kind.keepsBiasesApart(node);
  const before = apart || biases === null ? bias(0) : b.add(bias(0)!, bias(1)!);
  const functions = functionsOf(b, node, kind, index);
  return {
    functions,
    weights: part,
    parts: {
      units,
      prepare: (x) => plusBias(b, b.matmul(x, kernel, { transposeB: true }), before),
      recur: recurrence(b, { units, gates: kind.gates, kernel: recurrent, bias: apart ? bias(1) : null }),
      activation: functions[functions.length === 1 ? 0 : 1]!,
    },
  };
}

function plusBias(b: ProgramBuilder, product: Value, bias: Value | null): Value {
  return bias === null ? product : b.add(product, bias);
}

/** What the previous output contributes; the kernel is [gates · units, units]. */
function recurrence(
  b: ProgramBuilder,
  parts: { readonly units: number; readonly gates: number; readonly kernel: Value; readonly bias: Value | null },
): Recurrence {
  const { units, gates, kernel, bias } = parts;
  return (h, { from, to }) => {
    const rows = (value: Value): Value =>
      from === 0 && to === gates ? value : b.slice(value, 0, { start: from * units, end: to * units });
    const own = bias === null ? null : rows(bias);
    if (h === null) return own === null ? null : b.reshape(own, [1, (to - from) * units]);
    return plusBias(b, b.matmul(h, rows(kernel), { transposeB: true }), own);
  };
}

function functionsOf(b: ProgramBuilder, node: OpNode, { functions }: Kind, index: number): Function1[] {
  if (node.has('activation_alpha') || node.has('activation_beta'))
    throw new UnsupportedError('got parameters of activations, expected their defaults');
  const named = node.texts('activations');
  const own = named === undefined ? functions : named.slice(index * functions.length, (index + 1) * functions.length);
  return own.map((name) => {
    const formula = activations[name];
    if (formula === undefined)
      throw new UnsupportedError(`got the activation ${name}, expected one of ${Object.keys(activations).join(', ')}`);
    return (x) => formula(b, x);
  });
}

/** The state before the first step of one direction, [n, units] or [1, units]; null for none or zeros. */
function initialState(
  tracer: Tracer,
  given: Traced | undefined,
  { index, isBatchFirst }: { readonly index: number; readonly isBatchFirst: boolean },
): Value | null {
  if (given === undefined) return null;
  if (given.kind === 'static' && Array.from<unknown>(given.values()).every((value) => value === 0)) return null;
  const state = tracer.named(take(tracer, given, isBatchFirst ? 1 : 0, [index], { drop: true }));
  return arrange(
    tracer.builder,
    state,
    state.axes.map((list) => [...list]),
  );
}

/** Y, Y_h and, where cells have a second state, Y_c. */
function outputsOf(b: ProgramBuilder, runs: readonly Passed[], isBatchFirst: boolean): View[] {
  const stacked = (values: readonly Value[], axis: number): Value =>
    b.concat(
      values.map((value) => b.reshape(value, b.shape(value).toSpliced(axis, 0, 1).with(0, -1))),
      axis,
    );
  const viewed = (value: Value, order: readonly number[]): View => {
    const shape = b.shape(value);
    const axes = order.map((axis) => (axis !== 0 && shape[axis] === 1 ? [] : [axis]));
    return { kind: 'view', element: 'float', value, axes, examples: true };
  };
  const sequences = runs.map(({ outputs }) => sequenceOf(b, outputs));
  const all = viewed(stacked(sequences, 2), isBatchFirst ? [0, 1, 2, 3] : [1, 2, 0, 3]);
  const states = runs[0]!.states.map((_, i) =>
    viewed(
      stacked(
        runs.map((run) => run.states[i]!),
        1,
      ),
      isBatchFirst ? [0, 1, 2] : [1, 0, 2],
    ),
  );
  return [all, ...states];
}

/** Recurrent operations, unrolled over the length of the sequence. */
export const recurrentRules: OnnxRules = { RNN: recurrent(simple), LSTM: recurrent(lstm), GRU: recurrent(gru) };
