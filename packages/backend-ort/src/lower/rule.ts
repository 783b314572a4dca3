import type { NodeOf, Primitive } from '@ntk/tensor';
import type { Graph, Operand } from './graph.ts';

/**
 * How one primitive becomes ONNX operations: adds them to the graph and returns the name of the result.
 * Called only for results with at least one element.
 */
export type Rule<P extends Primitive> = (graph: Graph, operands: readonly Operand[], node: NodeOf<P>) => string;
