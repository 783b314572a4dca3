import { ProgramBuilder, sizeOf, type Program, type Value } from '@ntk/tensor';
import type { Derivation } from '../derivation.ts';
import { permute } from '../permute.ts';
import type { TermPlan } from './factor-plan.ts';
import { emitTermCotangent, emitTermTangent } from './term-products.ts';
import { termInputs, type TermValues } from './term-tensors.ts';
import { transposedInputs } from './transposed-activations.ts';

/**
 * The Program of V ↦ J V from factors, for k right-hand sides: inputs the factors, then v [k, p]; output [k, n·c].
 *
 * (J V)_iα = Σ_t G_iαt · (A_it V), for each term in the cheaper order of `contractionOf`.
 */
export function factoredTangentProgram(derivation: Derivation, terms: readonly TermPlan[], k: number): Program {
  const b = new ProgramBuilder(`factored-tangent.k${k}`);
  const factors = termInputs(b, '', terms);
  const v = b.input('v', [k, flatSize(derivation)]);
  const parts = factors.map((term, i) => {
    const directions = segmentsOf(derivation, terms[i]!).map((segment) => sliceSegment(b, v, segment));
    return emitTermTangent(b, term, b.concat(directions, 0));
  });
  b.output('jv', joinOutputs(b, parts));
  return b.build();
}

/**
 * The Program of U ↦ Jᵀ U from factors, for k right-hand sides: inputs the factors and transposed activations, then u [k, n·c]; output [k, p].
 *
 * Jᵀ U = Σ_it A_it ⊗ (Σ_α U_iα G_iαt), for each term in the cheaper order of `contractionOf`.
 */
export function factoredCotangentProgram(derivation: Derivation, terms: readonly TermPlan[], k: number): Program {
  const b = new ProgramBuilder(`factored-cotangent.k${k}`);
  const parts = emitGradients(b, derivation, terms, k).flatMap(({ gradient }, i) => {
    let row = 0;
    return segmentsOf(derivation, terms[i]!).map((segment) => {
      const range = { start: row, end: row + segment.rows };
      row = range.end;
      const isAll = segment.rows === b.shape(gradient)[0];
      return { start: segment.start, value: flatten(b, isAll ? gradient : b.slice(gradient, 0, range), segment) };
    });
  });
  b.output('jtu', joinFlat(b, derivation, parts, k));
  return b.build();
}

/**
 * The Program of U ↦ J Jᵀ U from factors: inputs as for Jᵀ U, output [k, n·c]. What one term gives of Jᵀ U is all that it needs for J: no vector of
 * all parameters is put together and taken apart.
 */
export function factoredKernelProgram(derivation: Derivation, terms: readonly TermPlan[], k: number): Program {
  const b = new ProgramBuilder(`factored-kernel.k${k}`);
  const parts = emitGradients(b, derivation, terms, k).map(({ term, gradient }) => emitTermTangent(b, term, gradient));
  b.output('jjtu', joinOutputs(b, parts));
  return b.build();
}

/** Each term with its part of Jᵀ U, [a, k, b]. */
function emitGradients(
  b: ProgramBuilder,
  { outputShape }: Derivation,
  terms: readonly TermPlan[],
  k: number,
): { readonly term: TermValues; readonly gradient: Value }[] {
  const [n, c] = outputShape as [number, number];
  const factors = termInputs(b, '', terms);
  const transposed = transposedInputs(b, terms);
  const u = permute(b, b.reshape(b.input('u', [k, n * c]), [k, n, c]), [1, 0, 2]); // [n, k, c]
  return factors.map((term, i) => ({
    term,
    gradient: emitTermCotangent(b, { ...term, transposed: transposed[i]! }, u),
  }));
}

/** The sum of parts [n, c, k] as [k, n·c]. */
function joinOutputs(b: ProgramBuilder, parts: readonly Value[]): Value {
  const sum = parts.reduce((total, part) => b.add(total, part));
  const [n, c, k] = b.shape(sum) as [number, number, number];
  return b.reshape(permute(b, sum, [2, 0, 1]), [k, n * c]);
}

/** Some rows of a term's weights [a, b] that lie together in a flat parameter vector. */
interface Segment {
  /** Where they start in the flat vector. */
  readonly start: number;
  readonly rows: number;
  readonly columns: number;
  readonly transposed: boolean;
}

/** The rows of a term's weights, in their order; a kernel and the bias that follows it are one segment. */
function segmentsOf({ chosenShapes }: Derivation, { blocks, sensitivities }: TermPlan): Segment[] {
  const segments: Segment[] = [];
  for (const { parameter, factor, size, transposed } of blocks) {
    const [rows, columns] = factor === 'sensitivities' ? [1, size] : [size, sensitivities[3]!];
    const start = chosenShapes.slice(0, parameter).reduce((sum, shape) => sum + sizeOf(shape), 0);
    const last = segments.at(-1);
    const isNext = last !== undefined && last.start + last.rows * columns === start;
    if (isNext && !last.transposed && !transposed) segments.splice(-1, 1, { ...last, rows: last.rows + rows });
    else segments.push({ start, rows, columns, transposed });
  }
  return segments;
}

/** A segment of v [k, p] as [rows, k, columns]. */
function sliceSegment(b: ProgramBuilder, v: Value, { start, rows, columns, transposed }: Segment): Value {
  const [k] = b.shape(v) as [number];
  const flat = b.slice(v, 1, { start, end: start + rows * columns });
  return transposed
    ? permute(b, b.reshape(flat, [k, columns, rows]), [2, 0, 1])
    : permute(b, b.reshape(flat, [k, rows, columns]), [1, 0, 2]);
}

/** [rows, k, columns] as a flat part [k, rows · columns]. */
function flatten(b: ProgramBuilder, gradient: Value, { rows, columns, transposed }: Segment): Value {
  const k = b.shape(gradient)[1]!;
  return b.reshape(permute(b, gradient, transposed ? [1, 2, 0] : [1, 0, 2]), [k, rows * columns]);
}

/** Puts the parts of a flat vector in their order, [k, p]; what the output does not depend on has zeros. */
function joinFlat(
  b: ProgramBuilder,
  derivation: Derivation,
  parts: readonly { readonly start: number; readonly value: Value }[],
  k: number,
): Value {
  const pieces: Value[] = [];
  let end = 0;
  const fill = (to: number): void => {
    if (to > end) pieces.push(b.broadcastTo(b.scalar(0), [k, to - end]));
    end = to;
  };
  for (const { start, value } of parts.toSorted((x, y) => x.start - y.start)) {
    fill(start);
    pieces.push(value);
    end += b.shape(value)[1]!;
  }
  fill(flatSize(derivation));
  return b.concat(pieces, 1);
}

function flatSize({ chosenShapes }: Derivation): number {
  return chosenShapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
}
