import { sizeOf, type Attributes, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import type { ActiveNode, Derivation } from '../derivation.ts';
import { linearNode } from '../linear-programs.ts';
import { oneHot } from './one-hot.ts';

/**
 * One summand of the tangent kernel, in factored form. With T positions,
 *
 *     Θ_(i,α)(j,β) += Σ_{t,t'} (A_it · A_jt' + ones) (G_αit · G_βjt')
 *
 * A dense kernel gives its inputs A and sensitivities G; an embedding table the same with one-hot inputs, of which only the index is kept: A_it · A_jt'
 * is 1 where two indices are equal. A bias that shares those sensitivities adds the 1; any other parameter gives
 * the rows of its own Jacobian as G, with no A. Source: Novak, Sohl-Dickstein and Schoenholz (2022), structured derivatives.
 */
export interface Term {
  /** Inputs of the layer, [n, T, a], or null for layer Jacobians alone. */
  readonly activations: Value | null;
  /** True if the activations are indices [n, T, 1] that stand for one-hot vectors. */
  readonly indexed: boolean;
  /** Sensitivities ∂f_α/∂(layer output), or rows of the layer Jacobian: [c, n, T, b]. */
  readonly sensitivities: Value;
  /** How many layer Jacobians (biases) equal the sensitivities. */
  readonly ones: number;
}

/** The terms of those parameters that have a factored form, and the parameters (positions among the chosen) that have none. */
export interface Terms {
  readonly terms: readonly Term[];
  readonly remaining: readonly number[];
}

/**
 * Emits the factors of every chosen parameter.
 *
 * @param coefficients - values of `b` for the coefficient tensors
 * @param cotangents - cotangents of the active values for the c unit seeds: k = c right-hand sides
 */
export function emitTerms(
  b: ProgramBuilder,
  derivation: Derivation,
  coefficients: readonly Value[],
  cotangents: ReadonlyMap<Value, Value>,
): Terms {
  const [n, c] = derivation.outputShape as [number, number];
  const found = new Map<Value, { activations: { value: Value; indexed: boolean }[]; ones: number }>();
  const remaining: number[] = [];
  derivation.chosen.forEach((parameter, position) => {
    const uses = usesOf(derivation, parameter).filter(({ node }) => cotangents.has(node.result));
    if (uses.length === 0) return;
    const factors = uses.map((use) => factorsOf(b, derivation, use, coefficients, cotangents.get(use.node.result)!));
    if (factors.includes(null)) {
      remaining.push(position);
      return;
    }
    const term = joinUses(b, factors as Factors[], { n, c, parameterSize: sizeOf(derivation.chosenShapes[position]!) });
    const entry = found.get(term.sensitivities) ?? { activations: [], ones: 0 };
    // A bias with the sensitivities of a kernel only adds 1 to A·A'.
    if (term.activations !== null) entry.activations.push({ value: term.activations, indexed: term.indexed });
    else entry.ones += 1;
    found.set(term.sensitivities, entry);
  });
  const terms = [...found].flatMap(([sensitivities, { activations, ones }]): Term[] =>
    activations.length === 0
      ? [{ activations: null, indexed: false, sensitivities, ones }]
      : activations.map(({ value, indexed }, i) => ({
          activations: value,
          indexed,
          sensitivities,
          ones: i === 0 ? ones : 0,
        })),
  );
  return { terms, remaining };
}

interface Use {
  readonly node: ActiveNode;
  readonly operand: number;
}

function usesOf(derivation: Derivation, parameter: Value): Use[] {
  return derivation.nodes.flatMap((node) =>
    node.operands.flatMap((value, operand) => (value === parameter ? [{ node, operand }] : [])),
  );
}

/** Factors of one use: activations [n, T, a] with sensitivities [c, n, T, b], or a layer Jacobian [c, n, 1, p]. */
interface Factors {
  readonly activations: Value | null;
  /** The number of rows of the table that the activations are indices into; null if they are not indices. */
  readonly rows: number | null;
  readonly sensitivities: Value;
  readonly positions: number;
  /** True if the weight matrix is read transposed: its Jacobian is then G ⊗ A instead of A ⊗ G. */
  readonly transposed: boolean;
}

function factorsOf(
  b: ProgramBuilder,
  derivation: Derivation,
  use: Use,
  coefficients: readonly Value[],
  cotangent: Value,
): Factors | null {
  if (use.node.exampleAxis !== 0) return null;
  if (isDense(use)) return denseFactors(b, derivation, use.node, coefficients, cotangent);
  if (isEmbedding(use)) return embeddingFactors(b, derivation, use.node, coefficients, cotangent);
  return ELEMENTWISE.has(use.node.op) ? elementwiseFactors(b, derivation, use, coefficients, cotangent) : null;
}

const ELEMENTWISE: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'where']);

/** A weight matrix applied from the right to every position. Whether it is read transposed does not change the kernel. */
function isDense({ node, operand }: Use): boolean {
  return (
    node.op === 'matmul' &&
    operand === 1 &&
    node.operandShapes[1]!.length === 2 &&
    !(node.attributes as Attributes['matmul']).transposeA
  );
}

/** Rows of a table, one for each index of an example. */
function isEmbedding({ node, operand }: Use): boolean {
  return (
    node.op === 'gather' &&
    operand === 0 &&
    node.operandShapes[0]!.length === 2 &&
    (node.attributes as Attributes['gather']).axis === 0
  );
}

function embeddingFactors(
  b: ProgramBuilder,
  derivation: Derivation,
  node: ActiveNode,
  coefficients: readonly Value[],
  cotangent: Value,
): Factors {
  const [n, c] = derivation.outputShape as [number, number];
  const [table, indices] = node.operandShapes as [Shape, Shape];
  const positions = sizeOf(indices.slice(1));
  return {
    activations: b.reshape(linearNode(b, node, coefficients).coefficients[0]!, [n, positions, 1]),
    rows: table[0]!,
    sensitivities: b.reshape(cotangent, [c, n, positions, table[1]!]),
    positions,
    transposed: false,
  };
}

function denseFactors(
  b: ProgramBuilder,
  derivation: Derivation,
  node: ActiveNode,
  coefficients: readonly Value[],
  cotangent: Value,
): Factors {
  const [n, c] = derivation.outputShape as [number, number];
  const [inputShape] = node.operandShapes as [Shape, Shape];
  const positions = sizeOf(inputShape.slice(1, -1));
  const inputs = linearNode(b, node, coefficients).coefficients[node.active[0] ? 1 : 0]!;
  return {
    activations: b.reshape(inputs, [n, positions, inputShape.at(-1)!]),
    rows: null,
    sensitivities: b.reshape(cotangent, [c, n, positions, node.shape.at(-1)!]),
    positions,
    transposed: (node.attributes as Attributes['matmul']).transposeB,
  };
}

/** The rule's own cotangent, with the operand read as if every example had its own copy: nothing is summed over examples. */
function elementwiseFactors(
  b: ProgramBuilder,
  derivation: Derivation,
  use: Use,
  coefficients: readonly Value[],
  cotangent: Value,
): Factors {
  const { node, operand } = use;
  const [n, c] = derivation.outputShape as [number, number];
  const own = node.operandShapes[operand]!;
  const perExample = [n, ...new Array<number>(node.shape.length - 1 - own.length).fill(1), ...own];
  const linear = linearNode(b, node, coefficients);
  const operandShapes = linear.operandShapes.with(
    operand,
    own.length < node.shape.length ? perExample : [n, ...own.slice(1)],
  );
  const parts = node.rule.cotangent(b, { ...linear, operandShapes }, cotangent);
  return {
    activations: null,
    rows: null,
    sensitivities: b.reshape(parts[operand]!, [c, n, 1, sizeOf(own)]),
    positions: 1,
    transposed: false,
  };
}

/**
 * The factors of a parameter that is used several times or at several positions: cross terms between its uses count.
 * Either all positions side by side, T² pairs, or the summed layer Jacobian, whichever takes fewer multiplications.
 */
function joinUses(
  b: ProgramBuilder,
  factors: readonly Factors[],
  size: { readonly n: number; readonly c: number; readonly parameterSize: number },
): Factors & { readonly indexed: boolean } {
  const { n, c, parameterSize } = size;
  const [{ transposed, rows: tableRows }] = factors as [Factors];
  const alike = (factor: Factors): boolean => factor.transposed === transposed && factor.rows === tableRows;
  if (factors.every((factor) => factor.activations !== null && alike(factor))) {
    const joined = {
      transposed,
      rows: tableRows,
      indexed: tableRows !== null,
      activations: b.concat(
        factors.map((factor) => factor.activations!),
        1,
      ),
      sensitivities: b.concat(
        factors.map((factor) => factor.sensitivities),
        2,
      ),
      positions: factors.reduce((sum, factor) => sum + factor.positions, 0),
    };
    const [a, width] = [b.shape(joined.activations)[2]!, b.shape(joined.sensitivities)[3]!];
    const pairs = joined.positions ** 2 * (a + c * c * width);
    if (joined.positions === 1 || pairs <= c * c * parameterSize) return joined;
  }
  const rows = factors.map((factor) => b.reshape(layerJacobian(b, factor), [c, n, 1, parameterSize]));
  return {
    activations: null,
    rows: null,
    indexed: false,
    sensitivities: rows.reduce((sum, row) => b.add(sum, row)),
    positions: 1,
    transposed: false,
  };
}

/** Σ_t A_it ⊗ G_αit as [c, n, a, b], in the orientation of the parameter; a factor without activations is a layer Jacobian already. */
function layerJacobian(b: ProgramBuilder, factors: Factors): Value {
  const { rows, sensitivities, transposed } = factors;
  if (factors.activations === null) return sensitivities;
  const activations = rows === null ? factors.activations : oneHot(b, factors.activations, rows);
  return transposed
    ? b.matmul(sensitivities, activations, { transposeA: true })
    : b.matmul(activations, sensitivities, { transposeA: true });
}
