import { shapeOf, sizeOf, type Program, type ProgramNode } from '@ntk/tensor';

/** Waking a helper takes as long as a core needs for some millions of multiplications and additions in a product. */
const LEAST_WORK = 8e6;
/** What one element of another operation takes, in the same unit. */
const WORK_PER_ELEMENT = 80;

/**
 * How many threads a Program is worth: one if all its operations are so small that waking helpers costs more than they
 * save, otherwise undefined, the runtime's own choice.
 *
 * J Jᵀ u of an MLP 1-40-40-1, n = 300, takes 108 µs with one thread, 167 µs with two. The bound lies where products and
 * elementwise operations of growing size took as long with two threads as with one.
 */
export function threadCount(program: Program): 1 | undefined {
  return program.nodes.every((node) => work(program, node) < LEAST_WORK) ? 1 : undefined;
}

function work(program: Program, node: ProgramNode): number {
  const sizes = [node.shape, ...node.inputs.map((value) => shapeOf(program, value))].map(sizeOf);
  // Every response reads its channels' taps; every entry of a filter is read at every position.
  if (node.op === 'conv2d') return 2 * sizeOf(node.shape) * sizeOf(shapeOf(program, node.inputs[1]!).slice(0, 3));
  if (node.op === 'conv2dTranspose') return 2 * sizes[1]! * sizeOf(shapeOf(program, node.inputs[1]!).slice(0, 3));
  if (node.op !== 'matmul') return WORK_PER_ELEMENT * Math.max(...sizes);
  const inner = shapeOf(program, node.inputs[0]!).at(node.attributes.transposeA ? -2 : -1)!;
  return 2 * sizeOf(node.shape) * inner;
}
