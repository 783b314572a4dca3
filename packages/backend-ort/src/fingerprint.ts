import type { Program } from '@ntk/tensor';

/**
 * A key that two Programs share exactly if they compute the same from the same inputs by the same steps; names do not count.
 *
 * Cost: linear in the size of the Program.
 */
export function fingerprint(program: Program): string {
  const { version, inputs, nodes, outputs } = program;
  const content = [
    version,
    inputs.map(({ shape }) => shape),
    nodes.map((node) => [node.op, node.inputs, node.attributes]),
    outputs.map(({ value }) => value),
  ];
  return JSON.stringify(content);
}
