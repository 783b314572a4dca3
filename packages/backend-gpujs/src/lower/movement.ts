import { interpret, PROGRAM_VERSION, type Attributes, type ProgramNode, type Shape } from '@ntk/tensor';
import type { Operand, Rule } from './rule.ts';

type Movement = 'constant' | 'reshape' | 'transpose' | 'broadcastTo' | 'concat' | 'slice';

/** A node without its place in a Program. */
interface Move {
  readonly op: Movement;
  readonly attributes: Attributes[Movement];
  readonly shape: Shape;
}

/** Tensors lie on the host, so what only moves elements is done there, by the reference interpreter. */
function onHost(operands: readonly Operand[], { op, attributes, shape }: Move): Float32Array {
  const inputs = operands.map((operand, i) => ({ name: `x${i}`, shape: operand.shape, exampleAxis: null }));
  const node = { op, attributes, shape, inputs: operands.map((_, i) => i) } as ProgramNode;
  const program = {
    version: PROGRAM_VERSION,
    name: op,
    inputs,
    nodes: [node],
    outputs: [{ name: 'y', value: operands.length }],
  };
  const [result] = interpret(
    program,
    'float32',
    operands.map(({ data }) => data),
  );
  return result!.data as Float32Array;
}

/** All elements that an operand broadcasts to. */
export function stretch(operand: Operand, shape: Shape): Float32Array {
  return onHost([operand], { op: 'broadcastTo', attributes: { shape }, shape });
}

const move: Rule<Movement> = (_kernels, operands, node) => onHost(operands, node);

/** Rules of the primitives that move elements and compute nothing. */
export const movementRules: { readonly [P in Movement]: Rule<P> } = {
  constant: move,
  reshape: (_kernels, [x]) => x!.data,
  transpose: move,
  broadcastTo: move,
  concat: move,
  slice: move,
};
