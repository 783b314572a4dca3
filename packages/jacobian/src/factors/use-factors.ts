import { sizeOf, type Attributes, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import type { ActiveNode, Derivation } from '../derivation.ts';
import { linearNode } from '../linear-programs.ts';
import type { LinearNode } from '../rules/rule.ts';
import { convolutionFactors, transposedConvolutionFactors } from './convolution-factors.ts';
import { summedJacobian } from './join-uses.ts';
import type { Use, UseFactors } from './use.ts';

/** All places where a value that examples share is read by a linear node. One that is only reshaped is read where the result is: the kernel is the same. */
function usesOf(derivation: Derivation, shared: Value): Use[] {
  return derivation.nodes.flatMap((node) =>
    node.operands.flatMap((value, operand) => {
      if (value !== shared || !node.active[operand]) return [];
      return node.op === 'reshape' && node.exampleAxis === null ? usesOf(derivation, node.result) : [{ node, operand }];
    }),
  );
}

/** What factors are made of. */
export interface FactorSource {
  readonly derivation: Derivation;
  /** Values of the builder for the coefficient tensors. */
  readonly coefficients: readonly Value[];
  /** Cotangents of the active values for the c unit seeds. */
  readonly cotangents: ReadonlyMap<Value, Value>;
}

/**
 * Emits the factors of every use of a value that examples share and that the output depends on.
 *
 * @returns null where no factors are known of one of them
 */
export function factorsOfUses(b: ProgramBuilder, source: FactorSource, shared: Value): UseFactors[] | null {
  const uses = usesOf(source.derivation, shared).filter(({ node }) => source.cotangents.has(node.result));
  const factors = uses.map((use) => factorsOf(b, source, use));
  return factors.includes(null) ? null : (factors as UseFactors[]);
}

function factorsOf(b: ProgramBuilder, source: FactorSource, use: Use): UseFactors | null {
  if (use.node.exampleAxis === null) return sharedFactors(b, source, use);
  if (use.node.exampleAxis !== 0) return null;
  const { derivation, coefficients } = source;
  const cotangent = source.cotangents.get(use.node.result)!;
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

/**
 * A use by a node whose result examples share as well, such as a part of a parameter: the rows of the Jacobian for the result, one right-hand side for each
 * output of each example, are taken back through the node.
 */
function sharedFactors(b: ProgramBuilder, source: FactorSource, { node, operand }: Use): UseFactors | null {
  const [n, c] = source.derivation.outputShape as [number, number];
  const factors = factorsOfUses(b, source, node.result);
  if (factors === null) return null;
  const rows = summedJacobian(b, factors, { n, c, parameterSize: sizeOf(node.shape) });
  const linear = linearNode(b, node, source.coefficients);
  const parts = node.rule.cotangent(b, linear, b.reshape(rows, [c * n, ...node.shape]));
  return {
    activations: null,
    rows: null,
    sensitivities: b.reshape(parts[operand]!, [c, n, 1, sizeOf(node.operandShapes[operand]!)]),
    positions: 1,
    transposed: false,
  };
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
