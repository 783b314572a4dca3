import type { Attributes, Primitive } from './primitives/attributes.ts';
import type { Shape } from './shape.ts';

/** Version of the primitives' names and meanings, stored in files that hold a Program. */
export const PROGRAM_VERSION = 1;

/** A value of a Program: an index, inputs first, then one for each node. */
export type Value = number;

/** A tensor that the caller hands in at every run. */
export interface ProgramInput {
  readonly name: string;
  readonly shape: Shape;
  /** The axis along which examples lie, or null for data shared by all examples (parameters). */
  readonly exampleAxis: number | null;
}

/** A node of one known primitive. */
export interface NodeOf<P extends Primitive> {
  readonly op: P;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes[P];
  readonly shape: Shape;
}

/** One operation and its one result. A union over the primitives, so that `op` narrows `attributes`. */
export type ProgramNode = { readonly [P in Primitive]: NodeOf<P> }[Primitive];

/** A value that the caller gets back. */
export interface ProgramOutput {
  readonly name: string;
  readonly value: Value;
}

/**
 * A pure function of tensors: an immutable list of primitives in single-assignment form.
 *
 * Value ids run over the inputs, then over the nodes: node i defines value `inputs.length + i` and reads only smaller ids.
 * Plain JSON: it holds no data beyond constants of at most 1 KiB, no dtype (that is chosen at `compile`), and no derivatives.
 */
export interface Program {
  readonly version: number;
  readonly name: string;
  readonly inputs: readonly ProgramInput[];
  readonly nodes: readonly ProgramNode[];
  readonly outputs: readonly ProgramOutput[];
}

/** The shape of any value of a Program. */
export function shapeOf(program: Program, value: Value): Shape {
  const count = program.inputs.length;
  return value < count ? program.inputs[value]!.shape : program.nodes[value - count]!.shape;
}

/** The node that defines a value, or undefined for an input. */
export function nodeOf(program: Program, value: Value): ProgramNode | undefined {
  return program.nodes[value - program.inputs.length];
}
