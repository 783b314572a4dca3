import { ProgramBuilder, sizeOf, type Program, type Value } from '@ntk/tensor';
import type { ActiveNode, CoefficientRef, Derivation } from './derivation.ts';
import { CotangentSums } from './cotangent-sums.ts';
import type { LinearNode } from './rules/rule.ts';
import type { Primitive } from '@ntk/tensor';

/** Declares one input for each coefficient tensor of a derivation. */
export function coefficientInputs(b: ProgramBuilder, derivation: Derivation): Value[] {
  return derivation.sourceShapes.map((shape, i) => b.input(`coefficient${i}`, shape));
}

/**
 * Emits the tangents of all active values, in order.
 *
 * @param coefficients - values of `b` for the coefficient tensors
 * @param parameterTangents - for each chosen parameter its tangent [k, …shape]
 * @returns the tangent of the output, [k, n, c], or null if no chosen parameter reaches it
 */
export function emitTangent(
  b: ProgramBuilder,
  derivation: Derivation,
  coefficients: readonly Value[],
  parameterTangents: readonly Value[],
): Value | null {
  const tangents = new Map<Value, Value>(derivation.chosen.map((value, i) => [value, parameterTangents[i]!]));
  for (const node of derivation.nodes) {
    const operands = node.operands.map((value, i) => (node.active[i] ? tangents.get(value)! : null));
    tangents.set(node.result, node.rule.tangent(b, linearNode(b, node, coefficients), operands));
  }
  return tangents.get(derivation.output) ?? null;
}

/**
 * Emits the cotangents of all active values, in reverse.
 *
 * @param coefficients - values of `b` for the coefficient tensors
 * @param seed - the cotangent of the output, [k, n, c]
 * @returns the cotangent of every active value and chosen parameter that the output depends on, [k, …shape]
 */
export function emitCotangents(
  b: ProgramBuilder,
  derivation: Derivation,
  coefficients: readonly Value[],
  seed: Value,
): ReadonlyMap<Value, Value> {
  const cotangents = new CotangentSums(b, new Map([[derivation.output, seed]]));
  for (const node of derivation.nodes.toReversed()) {
    const cotangent = cotangents.get(node.result);
    if (cotangent === undefined) continue;
    const linear = linearNode(b, node, coefficients);
    const place = node.rule.placement?.(linear) ?? null;
    if (place !== null) {
      cotangents.addPart(node.operands[0]!, cotangent, { ...place, shape: node.operandShapes[0]! });
      continue;
    }
    node.rule.cotangent(b, linear, cotangent).forEach((part, i) => {
      if (part !== null) cotangents.add(node.operands[i]!, part);
    });
  }
  return cotangents.finish();
}

/** The node as its rule wants it: coefficient references resolved to values of `b`. */
export function linearNode(b: ProgramBuilder, node: ActiveNode, coefficients: readonly Value[]): LinearNode<Primitive> {
  const { attributes, operandShapes, shape, active, keepsWindows } = node;
  return {
    attributes,
    operandShapes,
    shape,
    active,
    keepsWindows,
    coefficients: node.coefficients.map((reference) => resolve(b, reference, coefficients)),
  };
}

function resolve(b: ProgramBuilder, reference: CoefficientRef, coefficients: readonly Value[]): Value {
  return 'literal' in reference
    ? b.constant(reference.literal.values, reference.literal.shape)
    : coefficients[reference.index]!;
}

/** Number p of chosen parameters. */
export function parameterCount(derivation: Derivation): number {
  return derivation.chosenShapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/**
 * The Program of V ↦ J V for k right-hand sides: inputs the coefficients, then v [k, p]; output [k, n·c].
 */
export function tangentProgram(derivation: Derivation, k: number): Program {
  const b = new ProgramBuilder(`tangent.k${k}`);
  const coefficients = coefficientInputs(b, derivation);
  const v = b.input('v', [k, parameterCount(derivation)]);
  const jv = emitTangent(b, derivation, coefficients, unflatten(b, derivation, v));
  const flat = [k, sizeOf(derivation.outputShape)];
  b.output('jv', jv === null ? b.broadcastTo(b.scalar(0), flat) : b.reshape(jv, flat));
  return b.build();
}

/**
 * The Program of U ↦ Jᵀ U for k right-hand sides: inputs the coefficients, then u [k, n·c]; output [k, p].
 */
export function cotangentProgram(derivation: Derivation, k: number): Program {
  const b = new ProgramBuilder(`cotangent.k${k}`);
  const coefficients = coefficientInputs(b, derivation);
  const u = b.input('u', [k, sizeOf(derivation.outputShape)]);
  const cotangents = emitCotangents(b, derivation, coefficients, b.reshape(u, [k, ...derivation.outputShape]));
  b.output('jtu', flatten(b, derivation, cotangents, k));
  return b.build();
}

/** Slices a flat parameter tangent [k, p] into one [k, …shape] for each chosen parameter. */
function unflatten(b: ProgramBuilder, derivation: Derivation, v: Value): Value[] {
  const k = b.shape(v)[0]!;
  let start = 0;
  return derivation.chosenShapes.map((shape, i) => {
    const end = start + sizeOf(shape);
    const part = b.reshape(b.slice(v, 1, { start, end }), [k, ...shape]);
    start = end;
    return scaled(b, part, derivation.scales[i]!);
  });
}

/** Joins the cotangents of the chosen parameters to [k, p]; a parameter that the output does not depend on has zeros. */
function flatten(b: ProgramBuilder, derivation: Derivation, cotangents: ReadonlyMap<Value, Value>, k: number): Value {
  const parts = derivation.chosen.map((parameter, i) => {
    const flat = [k, sizeOf(derivation.chosenShapes[i]!)];
    const cotangent = cotangents.get(parameter);
    return cotangent === undefined
      ? b.broadcastTo(b.scalar(0), flat)
      : scaled(b, b.reshape(cotangent, flat), derivation.scales[i]!);
  });
  return b.concat(parts, 1);
}

/** Emits a multiplication by a constant; nothing for 1. */
export function scaled(b: ProgramBuilder, value: Value, scale: number): Value {
  return scale === 1 ? value : b.mul(value, b.scalar(scale));
}
