import { ShapeError, UnsupportedError } from '@ntk/tensor';
import { product as productOf, type Extent } from '../extent.ts';
import type { Traced } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { extentsOfTraced, rankOf, reshape, transpose } from './movement.ts';
import { reduceTraced } from './reduction.ts';
import { product } from './slots.ts';

/** One operand, or the result, with a letter for each axis. */
interface Lettered {
  readonly traced: Traced;
  readonly letters: readonly string[];
}

/** The letters of one axis or of several, in order, and their extents. */
interface Axes {
  readonly letters: readonly string[];
  readonly extents: readonly Extent[];
}

/**
 * Sums of products over named axes, such as 'abc,cd->abd', of one or two operands: a product of matrices over what both have and the
 * result has not, for each combination of what all three have.
 *
 * A weight among them is trainable.
 *
 * @throws {UnsupportedError} for more operands, or a letter twice in one of them
 * @throws {ShapeError} if the letters do not fit the operands
 */
export function einsum(tracer: Tracer, equation: string, operands: readonly Traced[]): Traced {
  const [left = '', right] = equation.replaceAll(/\s/g, '').split('->');
  const terms = left.split(',');
  if (terms.length !== operands.length || terms.length > 2)
    throw new UnsupportedError(
      `got '${equation}' for ${operands.length} operands, expected one or two, each with its letters`,
    );
  const named = spellOut(terms, right, operands.map(rankOf), equation);
  const lettered = operands.map((traced, i): Lettered => ({ traced, letters: named.terms[i]! }));
  const wanted = named.result;
  const summed = lettered.map((own, i) => summedAway(tracer, own, [...(lettered[1 - i]?.letters ?? []), ...wanted]));
  const result = summed.length === 1 ? summed[0]! : multiply(tracer, summed as [Lettered, Lettered], wanted);
  return ordered(tracer, result, wanted);
}

/** Letters for every axis: an ellipsis stands for the leading axes that have none, and a missing result for the letters that occur once. */
function spellOut(
  terms: readonly string[],
  result: string | undefined,
  ranks: readonly number[],
  equation: string,
): { readonly terms: readonly string[][]; readonly result: string[] } {
  const more = Math.max(0, ...terms.map((term, i) => (term.includes('...') ? ranks[i]! - (term.length - 3) : 0)));
  const names = Array.from({ length: more }, (_, i) => `…${i}`);
  const spell = (term: string, rank?: number): string[] => {
    const [before = '', after] = term.split('...');
    if (after === undefined) return [...before];
    return [...before, ...names.slice(rank === undefined ? 0 : more - (rank - term.length + 3)), ...after];
  };
  const spelled = terms.map((term, i) => spell(term, ranks[i]));
  spelled.forEach((letters, i) => {
    if (letters.length !== ranks[i])
      throw new ShapeError(`got '${equation}' for an operand of ${ranks[i]} axes, expected a letter for each`);
    if (new Set(letters).size < letters.length)
      throw new UnsupportedError(`got '${equation}', expected no letter twice in one operand`);
  });
  if (result !== undefined) return { terms: spelled, result: spell(result) };
  const all = spelled.flat();
  const once = [...new Set(all)].filter(
    (letter) => all.indexOf(letter) === all.lastIndexOf(letter) && !letter.startsWith('…'),
  );
  return { terms: spelled, result: [...names, ...once.sort()] };
}

/** The operand summed over what nothing else has. */
function summedAway(tracer: Tracer, { traced, letters }: Lettered, others: readonly string[]): Lettered {
  const axes = letters.flatMap((letter, axis) => (others.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return { traced, letters };
  return {
    traced: reduceTraced(tracer, traced, axes, { keep: false, name: 'sum' }),
    letters: letters.filter((_, axis) => !axes.includes(axis)),
  };
}

function multiply(tracer: Tracer, [left, right]: readonly [Lettered, Lettered], wanted: readonly string[]): Lettered {
  const shared = left.letters.filter((letter) => right.letters.includes(letter));
  const batch = axesOf(
    tracer,
    left,
    shared.filter((letter) => wanted.includes(letter)),
  );
  const inner = axesOf(
    tracer,
    left,
    shared.filter((letter) => !wanted.includes(letter)),
  );
  const rows = axesOf(
    tracer,
    left,
    left.letters.filter((letter) => !shared.includes(letter)),
  );
  const columns = axesOf(
    tracer,
    right,
    right.letters.filter((letter) => !shared.includes(letter)),
  );
  const xw = product(
    tracer,
    matrices(tracer, left, batch, [rows, inner]),
    matrices(tracer, right, batch, [inner, columns]),
  );
  const extents = [...batch.extents, ...rows.extents, ...columns.extents];
  return {
    traced: reshape(tracer, xw, extents, { fixedExamples: null }),
    letters: [...batch.letters, ...rows.letters, ...columns.letters],
  };
}

function axesOf(tracer: Tracer, { traced, letters }: Lettered, chosen: readonly string[]): Axes {
  const extents = extentsOfTraced(tracer, traced);
  return { letters: chosen, extents: chosen.map((letter) => extents[letters.indexOf(letter)]!) };
}

/** An operand as matrices, one for each entry of the batch. */
function matrices(tracer: Tracer, operand: Lettered, batch: Axes, ends: readonly [Axes, Axes]): Traced {
  const order = [batch, ...ends].flatMap((axes) => axes.letters);
  const shape = [...batch.extents, ...ends.map((axes) => productOf(axes.extents))];
  return reshape(tracer, ordered(tracer, operand, order), shape, { fixedExamples: null });
}

/** @throws {ShapeError} if the letters are others */
function ordered(tracer: Tracer, { traced, letters }: Lettered, wanted: readonly string[]): Traced {
  const places = wanted.map((letter) => letters.indexOf(letter));
  if (places.includes(-1) || places.length !== letters.length)
    throw new ShapeError(`got the letters ${wanted.join('')} for a result of ${letters.join('')}, expected the same`);
  return places.every((place, axis) => place === axis) ? traced : transpose(tracer, traced, places);
}
