import {
  ProgramBuilder,
  exampleAxes,
  inline,
  type Attributes,
  type Primitive,
  type Program,
  type Shape,
  type Value,
} from '@ntk/tensor';
import { dependents } from './dependents.ts';
import type { LinearRule } from './rules/rule.ts';
import { ruleOf } from './rules/table.ts';

/** A coefficient of the linear maps: the i-th coefficient tensor, or a literal that is emitted where it is needed. */
export type CoefficientRef = { readonly index: number } | { readonly literal: Attributes['constant'] };

/** Where the tensor of a coefficient comes from: an input of the network's Program, or a further output of the primal Program. */
export type CoefficientSource = { readonly input: number } | { readonly output: number };

/** A node through which tangents flow. Values are those of the primal Program before pruning. */
export interface ActiveNode {
  /** Its number in the Program that was derived. */
  readonly number: number;
  readonly rule: LinearRule<Primitive>;
  readonly op: Primitive;
  readonly attributes: Attributes[Primitive];
  readonly operands: readonly Value[];
  readonly operandShapes: readonly Shape[];
  readonly active: readonly boolean[];
  readonly keepsWindows: boolean;
  readonly result: Value;
  readonly shape: Shape;
  /** The axis of the result along which examples lie. */
  readonly exampleAxis: number | null;
  readonly coefficients: readonly CoefficientRef[];
}

/**
 * A network's Program split, for chosen parameters, into one nonlinear part that runs once and a list of linear nodes.
 *
 * What does not depend on the chosen parameters has no linear node: layers below the lowest chosen one are never differentiated.
 */
export interface Derivation {
  /** Inputs as in the network; outputs f, then the coefficients that are not inputs. */
  readonly primal: Program;
  /** The tensors that linear Programs read, in their order. */
  readonly sources: readonly CoefficientSource[];
  readonly sourceShapes: readonly Shape[];
  /** Which of them are the same for all examples, such as weights. */
  readonly sourceShared: readonly boolean[];
  readonly nodes: readonly ActiveNode[];
  /** The output f and its shape [n, c]. */
  readonly output: Value;
  readonly outputShape: Shape;
  /** Input numbers of the chosen parameters, in their order; with the shapes. */
  readonly chosen: readonly Value[];
  readonly chosenShapes: readonly Shape[];
  /** For each of them the factor s by which its columns of J are multiplied: linear maps are those of J S^{1/2}. */
  readonly scales: readonly number[];
}

/**
 * Linearises a Program at a point that is given later.
 *
 * @param program - a network's Program, for a definite number of examples
 * @param chosen - input numbers of the parameters to differentiate with respect to
 * @param storesWindows - of which convolutions (numbers of nodes) windows are laid out once; of all unless given
 * @param scales - for each chosen parameter the factor of its columns of J; 1 unless given
 */
export function derive(
  program: Program,
  chosen: readonly Value[],
  storesWindows: (node: number) => boolean = () => true,
  scales: readonly number[] = chosen.map(() => 1),
): Derivation {
  const builder = new ProgramBuilder(`${program.name}.primal`);
  const inputs = program.inputs.map(({ name, shape, exampleAxis }) => builder.input(name, shape, { exampleAxis }));
  const values = inline(builder, program, inputs);
  const store = new CoefficientStore(builder, program.inputs.length);
  const active = new Set<Value>(chosen);
  const nodes = new Map<Value, ActiveNode>();
  const axes = exampleAxes(program);
  program.nodes.forEach((node, i) => {
    const result = values[program.inputs.length + i]!;
    const operands = node.inputs.map((value) => values[value]!);
    const rule = ruleOf(node.op);
    if (rule === undefined || nodes.has(result)) return;
    const activeOperands = operands.map((value, operand) => active.has(value) && !rule.constantIn?.includes(operand));
    if (!activeOperands.includes(true)) return;
    const attributes = node.attributes;
    const keepsWindows = storesWindows(i);
    const needed = rule.coefficients(builder, { operands, result, attributes, active: activeOperands, keepsWindows });
    active.add(result);
    nodes.set(result, {
      number: i,
      rule,
      op: node.op,
      attributes,
      operands,
      operandShapes: operands.map((value) => builder.shape(value)),
      active: activeOperands,
      keepsWindows,
      result,
      shape: builder.shape(result),
      exampleAxis: axes[program.inputs.length + i]!,
      coefficients: needed.map((value) => store.reference(value)),
    });
  });
  const output = values[program.outputs[0]!.value]!;
  builder.output('f', output);
  store.residuals.forEach((value, i) => builder.output(`residual${i}`, value));
  const primal = builder.build();
  const perExample = dependents(primal, (input) => primal.inputs[input]!.exampleAxis !== null);
  return {
    primal,
    sources: store.sources,
    sourceShapes: store.shapes,
    sourceShared: store.sources.map(
      (source) => !perExample['input' in source ? source.input : primal.outputs[source.output]!.value],
    ),
    nodes: [...nodes.values()],
    output,
    outputShape: builder.shape(output),
    chosen,
    chosenShapes: chosen.map((value) => builder.shape(value)),
    scales,
  };
}

/** Collects the coefficients that rules ask for, each once. */
class CoefficientStore {
  readonly sources: CoefficientSource[] = [];
  readonly shapes: Shape[] = [];
  /** Values that the primal Program must give as further outputs. */
  readonly residuals: Value[] = [];
  readonly #builder: ProgramBuilder;
  readonly #inputCount: number;
  readonly #known = new Map<Value, CoefficientRef>();

  constructor(builder: ProgramBuilder, inputCount: number) {
    this.#builder = builder;
    this.#inputCount = inputCount;
  }

  reference(value: Value): CoefficientRef {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const reference = this.#make(value);
    this.#known.set(value, reference);
    return reference;
  }

  #make(value: Value): CoefficientRef {
    const literal = this.#builder.literal(value);
    if (literal !== undefined) return { literal };
    if (value < this.#inputCount) this.sources.push({ input: value });
    else this.sources.push({ output: this.residuals.push(value) });
    this.shapes.push(this.#builder.shape(value));
    return { index: this.sources.length - 1 };
  }
}
