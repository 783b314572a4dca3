import type { Program, ProgramNode, Value } from './program.ts';

/** The same Program without the nodes that no output needs. Inputs stay: they are the signature. */
export function prune(program: Program): Program {
  const count = program.inputs.length;
  const needed = new Set<Value>(program.outputs.map((output) => output.value));
  for (let i = program.nodes.length - 1; i >= 0; i--) {
    if (needed.has(count + i)) program.nodes[i]!.inputs.forEach((value) => needed.add(value));
  }
  const renamed = new Map<Value, Value>(program.inputs.map((_, i) => [i, i]));
  const nodes: ProgramNode[] = [];
  program.nodes.forEach((node, i) => {
    if (!needed.has(count + i)) return;
    renamed.set(count + i, count + nodes.length);
    nodes.push({ ...node, inputs: node.inputs.map((value) => renamed.get(value)!) });
  });
  return {
    ...program,
    nodes,
    outputs: program.outputs.map(({ name, value }) => ({ name, value: renamed.get(value)! })),
  };
}
