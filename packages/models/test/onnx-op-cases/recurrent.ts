import { ints, type TestTensor } from '../onnx-model.ts';
import { draw, node, type OpCase } from './op-case.ts';

/** W, R, B and the like of a recurrent operation. */
function recurrentTensors(
  gates: number,
  directions: number,
  more: Record<string, TestTensor> = {},
): Record<string, TestTensor> {
  return {
    w: draw(directions, gates * 4, 3),
    r: draw(directions, gates * 4, 4),
    b: draw(directions, 2 * gates * 4),
    ...more,
  };
}

const memories = [
  ['RNN', 1],
  ['GRU', 3],
  ['LSTM', 4],
] as const;

/** Recurrent operations in every direction. */
export const recurrences: Record<string, OpCase> = Object.fromEntries(
  memories.flatMap(([op, gates]): [string, OpCase][] => [
    ...(['forward', 'reverse', 'bidirectional'] as const).map((direction): [string, OpCase] => [
      `${op}, all outputs, ${direction}`,
      {
        shape: [5, 3],
        nodes: [
          node('Transpose', 'x', 't', { perm: [1, 0, 2] }),
          node(op, 't w r b', 'all', { hidden_size: 4, direction }),
          node('Transpose', 'all', 'y', { perm: [2, 0, 1, 3] }),
        ],
        tensors: recurrentTensors(gates, direction === 'bidirectional' ? 2 : 1),
      },
    ]),
    [
      `${op}, the last state without biases`,
      {
        shape: [1, 3],
        nodes: [
          node('Transpose', 'x', 't', { perm: [1, 0, 2] }),
          node(op, 't w r', '- last', { hidden_size: 4 }),
          node('Squeeze', 'last zero'),
        ],
        tensors: { ...recurrentTensors(gates, 1), zero: ints(0) },
      },
    ],
    [
      `${op} from a state that depends on the example`,
      {
        shape: [5, 3],
        nodes: [
          node('Transpose', 'x', 't', { perm: [1, 0, 2] }),
          node('MatMul', 'x p', 'q'),
          node('ReduceMean', 'q', 'm', { axes: [1], keepdims: 1 }),
          node('Transpose', 'm', 'h', { perm: [1, 0, 2] }),
          node(op, op === 'LSTM' ? 't w r b - h h' : 't w r b - h', '- last', { hidden_size: 4 }),
          node('Squeeze', 'last zero'),
        ],
        tensors: { ...recurrentTensors(gates, 1), p: draw(3, 4), zero: ints(0) },
      },
    ],
  ]),
);

/** The same with more inputs and attributes. */
export const recurrentVariants: Record<string, OpCase> = {
  'GRU, reset after the product': {
    ...recurrences['GRU, all outputs, bidirectional']!,
    nodes: recurrences['GRU, all outputs, bidirectional']!.nodes.map((each) =>
      each.op === 'GRU' ? { ...each, attributes: { ...each.attributes, linear_before_reset: 1 } } : each,
    ),
  },
  'LSTM with peepholes and both states': {
    shape: [4, 3],
    nodes: [
      node('Transpose', 'x', 't', { perm: [1, 0, 2] }),
      node('LSTM', 't w r b - - - p', '- h c', { hidden_size: 4, direction: 'bidirectional' }),
      node('Concat', 'h c', 'y', { axis: -1 }),
    ],
    tensors: recurrentTensors(4, 2, { p: draw(2, 12) }),
    timeFirst: true,
  },
  'RNN with other activations': {
    shape: [4, 3],
    nodes: [
      node('Transpose', 'x', 't', { perm: [1, 0, 2] }),
      node('RNN', 't w r b', '- h', { hidden_size: 4, direction: 'bidirectional', activations: ['Relu', 'Softsign'] }),
    ].map((each) => (each.op === 'RNN' ? { ...each, outputs: ['', 'y'] } : each)),
    tensors: recurrentTensors(1, 2),
    timeFirst: true,
  },
};
