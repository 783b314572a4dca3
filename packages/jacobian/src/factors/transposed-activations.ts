import { ProgramBuilder, sizeOf, type Program, type Shape, type Value } from '@ntk/tensor';
import { contractionOf } from './contraction.ts';
import type { TermShapes } from './term-tensors.ts';

/**
 * Whether products with Jᵀ read a term's activations transposed: those that are multiplied activations first. Engines lay a factor that is read across
 * its rows out anew in every product; laid out once, 501 × 2,000 × 500 takes 3.3 ms instead of 3.9.
 */
export function readsTransposed(term: TermShapes): boolean {
  return term.activations !== null && contractionOf(term).order === 'activations';
}

/** Declares, for each term that reads them, an input for its transposed activations, [a, n·T]; null for the others. */
export function transposedInputs(b: ProgramBuilder, terms: readonly TermShapes[]): (Value | null)[] {
  return terms.map((term, i) => (readsTransposed(term) ? b.input(`transposed${i}`, transposedShape(term)) : null));
}

/** The Program that makes them: inputs the activations [n, T, a] of the terms that read them, in order. */
export function transposedProgram(terms: readonly TermShapes[]): Program {
  const b = new ProgramBuilder('transposed-activations');
  const reading = terms.filter(readsTransposed);
  const activations = reading.map((term, i) => b.input(`activations${i}`, term.activations!));
  reading.forEach((term, i) => {
    const rows = b.reshape(activations[i]!, transposedShape(term).toReversed());
    b.output(`transposed${i}`, b.transpose(rows, [1, 0]));
  });
  return b.build();
}

function transposedShape({ activations }: TermShapes): [a: number, rows: number] {
  return [activations![2]!, sizeOf((activations as Shape).slice(0, 2))];
}
