import {
  shapeOf,
  sizeOf,
  UnsupportedError,
  type Primitive,
  type Program,
  type ProgramNode,
  type Value,
} from '@ntk/tensor';
import type { Operand, Rule } from './lower/rule.ts';
import { rules } from './lower/table.ts';
import type { NativeTensor, TfjsModule } from './tfjs-module.ts';

/** One node of a Program, ready to run. */
export interface Step {
  readonly node: Exclude<ProgramNode, { readonly op: 'constant' }>;
  readonly rule: Rule<Primitive>;
  /** The value that the step defines. */
  readonly value: Value;
  /** Values that no later step reads. */
  readonly released: readonly Value[];
}

/** A Program as the steps of a run. */
export interface Plan {
  readonly program: Program;
  readonly steps: readonly Step[];
  /** Literals, which are tensors of the executable. */
  readonly constants: readonly { readonly value: Value; readonly values: readonly number[] }[];
}

/**
 * Looks up the rules of a Program.
 *
 * @throws {UnsupportedError} for a primitive without a rule
 */
export function makePlan(program: Program, backend: string): Plan {
  const count = program.inputs.length;
  const lastUse = lastUses(program);
  const steps: Step[] = [];
  const constants: { value: Value; values: readonly number[] }[] = [];
  program.nodes.forEach((node, i) => {
    if (node.op === 'constant') {
      constants.push({ value: count + i, values: node.attributes.values });
      return;
    }
    const rule = rules[node.op] as Rule<Primitive> | undefined;
    if (rule === undefined) {
      throw new UnsupportedError(
        `${backend}: got the primitive '${node.op}' in ${program.name}, expected one of ${Object.keys(rules).join(', ')}`,
      );
    }
    const released = [...new Set(node.inputs)].filter((value) => lastUse.get(value) === i);
    steps.push({ node, rule, value: count + i, released });
  });
  return { program, steps, constants };
}

/** The last node that reads each value that only steps make; inputs, constants and outputs stay to the end. */
function lastUses(program: Program): Map<Value, number> {
  const uses = new Map<Value, number>();
  program.nodes.forEach((node, i) => node.inputs.forEach((value) => uses.set(value, i)));
  program.inputs.forEach((_, value) => uses.delete(value));
  program.nodes.forEach((node, i) => {
    if (node.op === 'constant') uses.delete(program.inputs.length + i);
  });
  for (const { value } of program.outputs) uses.delete(value);
  return uses;
}

/**
 * Runs a plan.
 *
 * Synchronous, so that no other run comes between and the tidy holds: intermediate tensors go after their last use, and all of them if
 * a step throws.
 *
 * @param given - native tensors of inputs and constants, by value; borrowed
 * @returns one new tensor for each output, outside any tidy; the caller disposes them
 */
export function runPlan(tf: TfjsModule, plan: Plan, given: ReadonlyMap<Value, NativeTensor>): NativeTensor[] {
  const outputs = tidy(tf, () => {
    const values = new Map(given);
    for (const { node, rule, value, released } of plan.steps) {
      const operands = node.inputs.map((input): Operand => {
        return { native: values.get(input)!, shape: shapeOf(plan.program, input) };
      });
      values.set(value, compute(tf, node, rule, operands));
      for (const done of released) {
        values.get(done)!.dispose();
        values.delete(done);
      }
    }
    const inputs = plan.program.inputs.map((_, value) => values.get(value)!.dataId);
    return plan.program.outputs.map(({ value }) => ownCopy(tf, values.get(value)!, inputs));
  });
  return outputs.map((output) => tf.keep(output));
}

/** A new tensor with the result of a node. */
function compute(tf: TfjsModule, node: ProgramNode, rule: Rule<Primitive>, operands: readonly Operand[]): NativeTensor {
  // Engines disagree about tensors without elements, so none of them ever sees one.
  if (sizeOf(node.shape) === 0) return tf.tensor(new Float32Array(0), [0], 'float32');
  return tidy(tf, () => {
    const result = rule(tf, operands, node);
    // An operand handed through would share its life with the result.
    return operands.some(({ native }) => native === result) ? alias(tf, result) : result;
  });
}

/** What `compute` makes, without the tensors that it needed for it. */
function tidy<T extends NativeTensor | NativeTensor[]>(tf: TfjsModule, compute: () => T): T {
  return tf.tidy(compute) as T;
}

/** A tensor with a life of its own and the same data; `clone` copies them on wasm. */
function alias(tf: TfjsModule, x: NativeTensor): NativeTensor {
  return tf.reshape(x, x.shape);
}

/** An output with a life of its own, and data of its own where they are an input's: the caller may write what he uploaded. */
function ownCopy(tf: TfjsModule, x: NativeTensor, inputs: readonly object[]): NativeTensor {
  // Multiplying by 1 keeps every number, and empty tensors need no engine.
  return inputs.includes(x.dataId) && x.shape.every((extent) => extent > 0) ? tf.mul(x, 1) : alias(tf, x);
}
