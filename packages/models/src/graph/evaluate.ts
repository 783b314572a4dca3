import { FormatError, NtkError, ProgramError, ShapeError, UnsupportedError } from '@ntk/tensor';
import { listNames } from '../list-names.ts';
import type { Traced } from './traced.ts';
import type { Tracer } from './tracer.ts';

/** One operation of a graph. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of values; '' for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Emits one node: its inputs, undefined where left out, to its outputs in order. */
export type OpRule<N extends GraphNode> = (
  tracer: Tracer,
  node: N,
  inputs: readonly (Traced | undefined)[],
) => Traced | readonly Traced[];

/** A graph to be evaluated for some of its values. */
export interface Graph<N extends GraphNode> {
  readonly nodes: readonly N[];
  readonly rules: ReadonlyMap<string, OpRule<N>>;
  /** The file's name in messages. */
  readonly label: string;
}

/**
 * The nodes that some values depend on, each after those that it reads.
 *
 * @throws {UnsupportedError} listing every operation among them that has no rule, with the nodes' names
 * @throws {FormatError} if a value is read that nothing gives, or nodes read each other in a circle
 */
export function neededNodes<N extends GraphNode>(
  { nodes, rules, label }: Graph<N>,
  outputs: readonly string[],
  known: (name: string) => boolean,
): N[] {
  const producers = new Map(
    // An output without a name is one that nothing reads.
    nodes.flatMap((node) => node.outputs.filter((output) => output !== '').map((output) => [output, node] as const)),
  );
  const order: N[] = [];
  const circles: N[] = [];
  const state = new Map<N, 'open' | 'done'>();
  // A stack of its own: networks are deeper than calls may be nested.
  const stack = outputs.map((name) => ({ name, reader: 'the outputs' })).toReversed();
  while (stack.length > 0) {
    const { name, reader } = stack.at(-1)!;
    const node = producers.get(name);
    if (name === '' || known(name) || (node && state.get(node) === 'done')) {
      stack.pop();
      continue;
    }
    if (node === undefined)
      throw new FormatError(
        `${label}: got no value '${name}', which ${reader} read, expected one of the graph's; export the model again`,
      );
    if (state.get(node) === 'open') {
      state.set(node, 'done');
      order.push(node);
      stack.pop();
      continue;
    }
    state.set(node, 'open');
    for (const input of node.inputs) {
      const producer = producers.get(input);
      if (producer && state.get(producer) === 'open' && !known(input)) circles.push(producer);
      else stack.push({ name: input, reader: `the node '${node.name}'` });
    }
  }
  // A loop is made of operations that have no rule: they are what is to be said of it.
  rejectUnknown(order, rules, label);
  if (circles.length > 0)
    throw new FormatError(
      `${label}: got the node '${circles[0]!.name}' reading its own output, expected no circle; export the model again`,
    );
  return order;
}

function rejectUnknown(nodes: readonly GraphNode[], rules: ReadonlyMap<string, unknown>, label: string): void {
  const unknown = new Map<string, string[]>();
  for (const { op, name } of nodes) if (!rules.has(op)) unknown.set(op, [...(unknown.get(op) ?? []), `'${name}'`]);
  if (unknown.size === 0) return;
  const listed = [...unknown].map(([op, names]) => `${op} (${listNames(names)})`).join(', ');
  throw new UnsupportedError(
    `${label}: got ${listed}, which this version does not read; expected the operations ${[...rules.keys()].sort().join(', ')}`,
  );
}

/**
 * Evaluates nodes in order.
 *
 * @param values - what is known, by name; every node's outputs are added
 * @throws what a rule throws, with the node's name
 */
export function evaluate<N extends GraphNode>(
  tracer: Tracer,
  { rules, label }: Graph<N>,
  nodes: readonly N[],
  values: Map<string, Traced>,
): void {
  for (const node of nodes) {
    tracer.node = node.name;
    const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    try {
      const result = rules.get(node.op)!(tracer, node, inputs);
      const results = 'kind' in result ? [result] : result;
      results.forEach((value, i) => {
        if (node.outputs[i]) values.set(node.outputs[i], value);
      });
    } catch (error) {
      throw located(error, `${label}: node '${node.name}' (${node.op})`);
    }
  }
}

function located(error: unknown, where: string): unknown {
  if (!(error instanceof NtkError)) return error;
  const message = `${where}: ${error.message}`;
  if (error instanceof UnsupportedError) return new UnsupportedError(message, { cause: error });
  if (error instanceof ShapeError || error instanceof ProgramError) return new ShapeError(message, { cause: error });
  return new FormatError(message, { cause: error });
}
