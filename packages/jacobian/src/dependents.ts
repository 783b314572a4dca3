import type { Program, Value } from '@ntk/tensor';

/** Which values of a Program depend on some of its inputs, these included. */
export function dependents({ inputs, nodes }: Program, isStart: (input: Value) => boolean): boolean[] {
  const depends = inputs.map((_, input) => isStart(input));
  for (const node of nodes) depends.push(node.inputs.some((value) => depends[value]));
  return depends;
}
