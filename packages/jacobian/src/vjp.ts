import { inline, type Program, type ProgramBuilder, type Value } from '@ntk/tensor';
import { derive, type Derivation } from './derivation.ts';
import { emitCotangents, emitTangent } from './linear-programs.ts';

/** A Program emitted together with the map that pulls cotangents of its output back to some of its inputs. */
export interface Vjp {
  /** The Program's (first) output. */
  readonly output: Value;
  /**
   * Emits Jᵀ applied to a cotangent.
   *
   * @param cotangent - of the shape of the output
   * @returns one cotangent for each chosen input, of its shape; zeros where the output does not depend on it
   */
  readonly pullback: (cotangent: Value) => Value[];
}

/**
 * Emits a Program and its vector-Jacobian product into one larger Program: the gradient of whatever is computed from the output.
 *
 * @param inputs - values of `b` for the inputs of the Program
 * @param wrt - numbers of the inputs to differentiate with respect to
 */
export function vjp(b: ProgramBuilder, program: Program, inputs: readonly Value[], wrt: readonly number[]): Vjp {
  const derivation = derive(program, wrt);
  const { output, coefficients } = emitPrimal(b, derivation, inputs);
  const pullback = (cotangent: Value): Value[] => {
    const seed = b.reshape(cotangent, [1, ...derivation.outputShape]);
    const cotangents = emitCotangents(b, derivation, coefficients, seed);
    return wrt.map((input, i) => {
      const shape = derivation.chosenShapes[i]!;
      const found = cotangents.get(input);
      return found === undefined ? b.broadcastTo(b.scalar(0), shape) : b.reshape(found, shape);
    });
  };
  return { output, pullback };
}

/**
 * Emits a Program and its Jacobian-vector product into one larger Program.
 *
 * @param inputs - values of `b` for the inputs of the Program
 * @param wrt - numbers of the inputs that have tangents
 * @param tangents - one for each of them, of its shape
 * @returns the (first) output and its tangent, of the same shape
 */
export function jvp(
  b: ProgramBuilder,
  program: Program,
  inputs: readonly Value[],
  wrt: readonly number[],
  tangents: readonly Value[],
): { output: Value; tangent: Value } {
  const derivation = derive(program, wrt);
  const { output, coefficients } = emitPrimal(b, derivation, inputs);
  const directions = tangents.map((tangent, i) => b.reshape(tangent, [1, ...derivation.chosenShapes[i]!]));
  const tangent = emitTangent(b, derivation, coefficients, directions);
  const shape = derivation.outputShape;
  return { output, tangent: tangent === null ? b.broadcastTo(b.scalar(0), shape) : b.reshape(tangent, shape) };
}

function emitPrimal(
  b: ProgramBuilder,
  derivation: Derivation,
  inputs: readonly Value[],
): { output: Value; coefficients: Value[] } {
  const values = inline(b, derivation.primal, inputs);
  const outputs = derivation.primal.outputs.map(({ value }) => values[value]!);
  const coefficients = derivation.sources.map((source) =>
    'input' in source ? inputs[source.input]! : outputs[source.output]!,
  );
  return { output: outputs[0]!, coefficients };
}
