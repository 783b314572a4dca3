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
import { ElementwiseMultiples, type Multiple } from './elementwise-multiples.ts';
import type { LinearRule, PrimalNode } from './rules/rule.ts';
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
 * What does not depend on the chosen parameters has no linear node: layers below the lowest chosen one are never differentiated. Neither has what the output
 * does not depend on.
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
  const output = values[program.outputs[0]!.value]!;
  const store = new CoefficientStore(builder, program.inputs.length);
  const found = activeNodes(builder, program, values, { chosen, storesWindows });
  const nodes = neededBy(output, found).map(({ values: needed, ...node }) => ({
    ...node,
    coefficients: needed.map((value) => store.reference(value)),
  }));
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
    nodes,
    output,
    outputShape: builder.shape(output),
    chosen,
    chosenShapes: chosen.map((value) => builder.shape(value)),
    scales,
  };
}

/** An active node with the values of the primal Program that its linear map needs. */
interface FoundNode extends Omit<ActiveNode, 'coefficients'> {
  readonly values: readonly Value[];
}

/**
 * The nodes through which tangents flow, in order. Those that do nothing but multiply an earlier value entry by entry are one multiplication each.
 *
 * @param values - the builder's value for each value of the Program
 */
function activeNodes(
  builder: ProgramBuilder,
  program: Program,
  values: readonly Value[],
  { chosen, storesWindows }: { readonly chosen: readonly Value[]; readonly storesWindows: (node: number) => boolean },
): FoundNode[] {
  const active = new Set<Value>(chosen);
  const found = new Map<Value, FoundNode>();
  const multiples = new ElementwiseMultiples(builder);
  const axes = exampleAxes(program);
  program.nodes.forEach((node, i) => {
    const result = values[program.inputs.length + i]!;
    const operands = node.inputs.map((value) => values[value]!);
    const rule = ruleOf(node.op);
    if (rule === undefined || found.has(result)) return;
    const activeOperands = operands.map((value, operand) => active.has(value) && !rule.constantIn?.includes(operand));
    if (!activeOperands.includes(true)) return;
    active.add(result);
    const exampleAxis = axes[program.inputs.length + i]!;
    const { op, attributes } = node;
    const own = { operands, result, attributes, active: activeOperands, keepsWindows: storesWindows(i) };
    const multiple = multiples.add(rule, own, exampleAxis);
    const linear = multiple === null ? { ...own, op, rule } : multiplication(own, multiple);
    found.set(result, {
      ...linear,
      number: i,
      exampleAxis,
      shape: builder.shape(result),
      operandShapes: linear.operands.map((value) => builder.shape(value)),
      values: linear.rule.coefficients(builder, linear),
    });
  });
  return [...found.values()];
}

/** The node that multiplies the base by the factor, instead of the node that gave the same result. */
function multiplication(
  node: PrimalNode<Primitive>,
  { base, factor }: Multiple,
): PrimalNode<Primitive> & Pick<ActiveNode, 'op' | 'rule'> {
  return { ...node, op: 'mul', rule: ruleOf('mul')!, attributes: {}, operands: [base, factor], active: [true, false] };
}

/** Those nodes on which a value depends. */
function neededBy(output: Value, nodes: readonly FoundNode[]): FoundNode[] {
  const needed = new Set<Value>([output]);
  const kept = nodes.toReversed().filter((node) => {
    if (!needed.has(node.result)) return false;
    node.operands.forEach((value, i) => node.active[i] && needed.add(value));
    return true;
  });
  return kept.reverse();
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
