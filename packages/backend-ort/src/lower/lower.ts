import { shapeOf, sizeOf, UnsupportedError, type DType, type Primitive, type Program, type Value } from '@ntk/tensor';
import type { LiteralInputs } from '../literal-inputs.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxNode } from '../onnx/model.ts';
import { Graph, type Operand } from './graph.ts';
import type { Rule } from './rule.ts';
import { rules } from './table.ts';

/** A Program as an ONNX model, and how the model's tensors relate to the Program's. */
export interface Lowered {
  /** The bytes of an ONNX file. */
  readonly model: Uint8Array;
  /** Inputs of the Program that the model reads, and under which name. */
  readonly feeds: readonly { readonly name: string; readonly input: number }[];
  /** Names of the model's outputs, each once. */
  readonly fetches: readonly string[];
}

/** What of a Program is computed, and for which engine. */
export interface LowerOptions {
  /** Values of nodes; inputs of the Program need no model. */
  readonly wanted: readonly Value[];
  /** Elements, of the dtype, of inputs that are to be part of the model. */
  readonly literals: LiteralInputs;
  /** See `channelBlock`. */
  readonly channelBlock: number;
}

/**
 * Translates what a Program computes for `wanted` values into an ONNX model.
 *
 * @throws {UnsupportedError} for a primitive that this version does not know
 */
export function lower(program: Program, dtype: DType, { wanted, literals, channelBlock }: LowerOptions): Lowered {
  const graph = new Graph(dtype, channelBlock);
  const operands: Operand[] = program.inputs.map(({ shape }, i) => {
    const data = literals.get(i);
    return { name: data === undefined ? `i${i}` : graph.weights(`i${i}`, data, shape), shape };
  });
  const readers = countReaders(program);
  for (const node of program.nodes) {
    const rule = rules[node.op] as Rule<Primitive> | undefined;
    if (rule === undefined)
      throw new UnsupportedError(
        `ort: got the primitive '${node.op}' in ${program.name} (${dtype}), expected one of ${Object.keys(rules).join(', ')}`,
      );
    const { shape } = node;
    const name =
      sizeOf(shape) === 0
        ? graph.filled(0, shape)
        : rule(
            graph,
            node.inputs.map((value) => operands[value]!),
            node,
          );
    // Who else reads it would have the convolution computed once more for a sum.
    if (readers[operands.length]! > 1) graph.convolutions.delete(name);
    operands.push({ name, shape });
  }
  // A model's output must be the result of an operation of its own; a copy also keeps two outputs of one value apart.
  const outputs = wanted.map((value) => ({
    name: graph.node('Identity', [operands[value]!.name]),
    element: graph.element,
    dims: shapeOf(program, value),
  }));
  const nodes = needed(
    graph.nodes,
    outputs.map(({ name }) => name),
  );
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const feeds = program.inputs.flatMap((_, input) =>
    read.has(`i${input}`) && !literals.has(input) ? [{ name: `i${input}`, input }] : [],
  );
  const model = encodeModel({
    name: program.name,
    inputs: feeds.map(({ name, input }) => ({ name, element: graph.element, dims: program.inputs[input]!.shape })),
    outputs,
    literals: [...graph.literals.values()].filter(({ name }) => read.has(name)),
    nodes,
  });
  return { model, feeds, fetches: outputs.map(({ name }) => name) };
}

/** How often each value is read by nodes and outputs. */
function countReaders({ inputs, nodes, outputs }: Program): number[] {
  const readers = new Array<number>(inputs.length + nodes.length).fill(0);
  const read = [...nodes.flatMap((node) => node.inputs), ...outputs.map(({ value }) => value)];
  read.forEach((value) => readers[value]!++);
  return readers;
}

/** The operations that the outputs depend on, in order. */
function needed(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const live = new Set(outputs);
  return nodes
    .toReversed()
    .filter(({ inputs, output }) => {
      if (!live.has(output)) return false;
      inputs.forEach((name) => live.add(name));
      return true;
    })
    .toReversed();
}
