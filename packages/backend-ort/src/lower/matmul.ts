import { sizeOf, type NodeOf, type Shape } from '@ntk/tensor';
import type { Graph, Operand } from './graph.ts';
import type { Rule } from './rule.ts';

/**
 * A product of matrices becomes Gemm, which transposes for free, whenever one pair of matrices is multiplied or the leading
 * axes can join the rows; otherwise MatMul with explicit transposes.
 */
export const matmul: Rule<'matmul'> = (graph, [a, b], node) => {
  const { transposeA, transposeB } = node.attributes;
  if (innerExtent(a!.shape, transposeA) === 0) return graph.filled(0, node.shape);
  if (isMatrix(a!.shape) && isMatrix(b!.shape)) return gemm(graph, matrix(graph, a!), matrix(graph, b!), node);
  if (!transposeA && isMatrix(b!.shape)) return gemm(graph, stacked(graph, a!), matrix(graph, b!), node);
  const left = transposeA ? swapLastTwo(graph, a!) : a!.name;
  const right = transposeB ? swapLastTwo(graph, b!) : b!.name;
  return graph.node('MatMul', [left, right]);
};

function gemm(
  graph: Graph,
  a: string,
  b: string,
  { attributes: { transposeA, transposeB }, shape }: NodeOf<'matmul'>,
): string {
  const product = graph.node('Gemm', [a, b], { transA: Number(transposeA), transB: Number(transposeB) });
  return shape.length === 2 ? product : graph.reshape(product, shape);
}

function innerExtent(shape: Shape, transposed: boolean): number {
  return shape.at(transposed ? -2 : -1)!;
}

/** True if all leading axes have the extent 1. */
function isMatrix(shape: Shape): boolean {
  return sizeOf(shape.slice(0, -2)) === 1;
}

function matrix(graph: Graph, { name, shape }: Operand): string {
  return shape.length === 2 ? name : graph.reshape(name, shape.slice(-2));
}

/** [..., m, k] as [... · m, k]. */
function stacked(graph: Graph, { name, shape }: Operand): string {
  return shape.length === 2 ? name : graph.reshape(name, [sizeOf(shape.slice(0, -1)), shape.at(-1)!]);
}

function swapLastTwo(graph: Graph, { name, shape }: Operand): string {
  const axes = shape.map((_, axis) => axis);
  return graph.transpose(name, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
}
