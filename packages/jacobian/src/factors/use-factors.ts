import { sizeOf, type Attributes, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import type { ActiveNode, Derivation } from '../derivation.ts';
import { linearNode } from '../linear-programs.ts';
import type { LinearNode } from '../rules/rule.ts';
import { convolutionFactors, transposedConvolutionFactors } from './convolution-factors.ts';
import type { Use, UseFactors } from './use.ts';

/** All places where a parameter is read by a linear node. One that is only reshaped is read where the result is: the kernel is the same. */
export function usesOf(derivation: Derivation, parameter: Value): Use[] {
  return derivation.nodes.flatMap((node) =>
    node.operands.flatMap((value, operand) => {
      if (value !== parameter || !node.active[operand]) return [];
      return node.op === 'reshape' && node.exampleAxis === null ? usesOf(derivation, node.result) : [{ node, operand }];
    }),
  );
}

/**
 * Emits the factors of one use, or gives null where none are known.
 *
 * @param coefficients - values of `b` for the coefficient tensors
 * @param cotangent - of the node's result, for the c unit seeds
 */
export function factorsOf(
  b: ProgramBuilder,
  derivation: Derivation,
  use: Use,
  coefficients: readonly Value[],
  cotangent: Value,
): UseFactors | null {
  if (use.node.exampleAxis !== 0) return null;
  if (isDense(use)) return denseFactors(b, derivation, use.node, coefficients, cotangent);
  if (isEmbedding(use)) return embeddingFactors(b, derivation, use.node, coefficients, cotangent);
  if (use.operand === 1 && use.node.op === 'conv2d') {
    return convolutionFactors(b, { node: linearNode(b, use.node, coefficients) as LinearNode<'conv2d'>, cotangent });
  }
  if (use.operand === 1 && use.node.op === 'conv2dTranspose') {
    const node = linearNode(b, use.node, coefficients) as LinearNode<'conv2dTranspose'>;
    return transposedConvolutionFactors(b, { node, cotangent });
  }
  return ELEMENTWISE.has(use.node.op) ? elementwiseFactors(b, derivation, use, coefficients, cotangent) : null;
}

const ELEMENTWISE: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'where']);

/** A weight matrix applied from the right to every position. Whether it is read transposed does not change the kernel. */
function isDense({ node, operand }: Use): boolean {
  return (
    node.op === 'matmul' &&
    operand === 1 &&
    node.operandShapes[1]!.length === 2 &&
    !(node.attributes as Attributes['matmul']).transposeA
  );
}

/** Rows of a table, one for each index of an example. */
function isEmbedding({ node, operand }: Use): boolean {
  return (
    node.op === 'gather' &&
    operand === 0 &&
    node.operandShapes[0]!.length === 2 &&
    (node.attributes as Attributes['gather']).axis === 0
  );
}

function embeddingFactors(
  b: ProgramBuilder,
  derivation: Derivation,
  node: ActiveNode,
  coefficients: readonly Value[],
  cotangent: Value,
): UseFactors {
  const [n, c] = derivation.outputShape as [number, number];
  const [table, indices] = node.operandShapes as [Shape, Shape];
  const positions = sizeOf(indices.slice(1));
  return {
    activations: b.reshape(linearNode(b, node, coefficients).coefficients[0]!, [n, positions, 1]),
    rows: table[0]!,
    sensitivities: b.reshape(cotangent, [c, n, positions, table[1]!]),
    positions,
    transposed: false,
  };
}

function denseFactors(
  b: ProgramBuilder,
  derivation: Derivation,
  node: ActiveNode,
  coefficients: readonly Value[],
  cotangent: Value,
): UseFactors {
  const [n, c] = derivation.outputShape as [number, number];
  const [inputShape] = node.operandShapes as [Shape, Shape];
  const positions = sizeOf(inputShape.slice(1, -1));
  const inputs = linearNode(b, node, coefficients).coefficients[node.active[0] ? 1 : 0]!;
  return {
    activations: b.reshape(inputs, [n, positions, inputShape.at(-1)!]),
    rows: null,
    sensitivities: b.reshape(cotangent, [c, n, positions, node.shape.at(-1)!]),
    positions,
    transposed: (node.attributes as Attributes['matmul']).transposeB,
  };
}

/** The rule's own cotangent, with the operand read as if every example had its own copy: nothing is summed over examples. */
function elementwiseFactors(
  b: ProgramBuilder,
  derivation: Derivation,
  use: Use,
  coefficients: readonly Value[],
  cotangent: Value,
): UseFactors {
  const { node, operand } = use;
  const [n, c] = derivation.outputShape as [number, number];
  const own = node.operandShapes[operand]!;
  // With as many axes as the result it has an extent of 1 along the first, where examples lie.
  const shared = own.length === node.shape.length ? own.slice(1) : own;
  const perExample = [n, ...new Array<number>(node.shape.length - 1 - shared.length).fill(1), ...shared];
  const linear = linearNode(b, node, coefficients);
  const operandShapes = linear.operandShapes.with(operand, perExample);
  const parts = node.rule.cotangent(b, { ...linear, operandShapes }, cotangent);
  return {
    activations: null,
    rows: null,
    sensitivities: b.reshape(parts[operand]!, [c, n, 1, sizeOf(own)]),
    positions: 1,
    transposed: false,
  };
}
