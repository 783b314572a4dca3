import { shapeOf, sizeOf, type DType, type NodeOf, type Program, type ProgramNode, type Value } from '@ntk/tensor';

/** Engines take memory in growing blocks and give it back late: at most this many times what they use. */
export const ENGINE = 2;

/**
 * The most numbers that a run of a Program holds at once beside its inputs: values from where they are computed to where they are last read, outputs
 * to the end, and what engines need inside one operation (other layouts of images, partly laid windows, a transposed factor).
 *
 * @param dtype - engines without convolutions in float64 make them products with all windows
 */
export function peakNumbers(program: Program, dtype: DType): number {
  const count = program.inputs.length;
  const owner = storageOwners(program);
  const last = lastReads(program, owner);
  let live = 0;
  let peak = 0;
  program.nodes.forEach((node, i) => {
    const value = count + i;
    if (owner[value] === value) live += sizeOf(node.shape);
    peak = Math.max(peak, live + scratch(program, node, dtype));
    const ended = new Set([value, ...node.inputs].map((operand) => owner[operand]!));
    for (const ending of ended) {
      if (ending >= count && last[ending] === i) live -= sizeOf(shapeOf(program, ending));
    }
  });
  return peak;
}

/** The value whose storage each value lies in: a reshape makes no copy. */
function storageOwners({ inputs, nodes }: Program): Value[] {
  const owner = inputs.map((_, input) => input);
  nodes.forEach(({ op, inputs: operands }, i) =>
    owner.push(op === 'reshape' ? owner[operands[0]!]! : inputs.length + i),
  );
  return owner;
}

/** The last node that reads each storage; Infinity for outputs. */
function lastReads({ inputs, nodes, outputs }: Program, owner: readonly Value[]): number[] {
  const last = owner.map((_, value) => value - inputs.length);
  nodes.forEach((node, i) => node.inputs.forEach((operand) => (last[owner[operand]!] = i)));
  outputs.forEach(({ value }) => (last[owner[value]!] = Infinity));
  return last;
}

function scratch(program: Program, node: ProgramNode, dtype: DType): number {
  const operand = (i: number): readonly number[] => shapeOf(program, node.inputs[i]!);
  if (node.op === 'conv2d' || node.op === 'conv2dTranspose') {
    const layouts = sizeOf(operand(0)) + sizeOf(node.shape);
    return dtype === 'float64' ? layouts + windowNumbers(program, node) : layouts;
  }
  if (node.op === 'patches') return sizeOf(node.shape) / node.attributes.kernel[0]! + sizeOf(operand(0));
  if (node.op === 'fold') return 2 * sizeOf(operand(0));
  if (node.op !== 'matmul') return 0;
  const { transposeA, transposeB } = node.attributes;
  return (
    (transposeA ? sizeOf(operand(0)) : 0) * Number(operand(0).length > 2) +
    (transposeB ? sizeOf(operand(1)) : 0) * Number(operand(1).length > 2)
  );
}

/** The windows of a convolution, or what is added up to the images of a transposed one. */
function windowNumbers(program: Program, node: NodeOf<'conv2d' | 'conv2dTranspose'>): number {
  const responses = node.op === 'conv2d' ? node.shape : shapeOf(program, node.inputs[0]!);
  const filter = shapeOf(program, node.inputs[1]!);
  return sizeOf(responses.slice(0, 3)) * sizeOf(filter.slice(0, 3)) * node.attributes.groups;
}
