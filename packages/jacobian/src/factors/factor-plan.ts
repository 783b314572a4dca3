import { ProgramBuilder, type Program, type Shape } from '@ntk/tensor';
import type { Derivation } from '../derivation.ts';
import { coefficientInputs, emitCotangents } from '../linear-programs.ts';
import type { FactorForm } from './factor-form.ts';
import { emitTerms, type Block } from './terms.ts';

/** The shapes of a term and its parameters; see `Term`. */
export interface TermPlan {
  readonly activations: Shape | null;
  readonly indices: Shape | null;
  readonly sensitivities: Shape;
  readonly blocks: readonly Block[];
}

/** How the factors of a batch are computed. */
export interface FactorPlan {
  /** Inputs the coefficients, then seeds [c, n·c]; outputs the tensors of each term: activations and indices where it has them, sensitivities. */
  readonly program: Program;
  readonly terms: readonly TermPlan[];
  /** Positions among the chosen parameters that have no factored form. */
  readonly remaining: readonly number[];
}

/** Plans the factors of a derivation. */
export function planFactors(derivation: Derivation, form: FactorForm = 'cheapest'): FactorPlan {
  const [n, c] = derivation.outputShape as [number, number];
  const b = new ProgramBuilder('factors');
  const coefficients = coefficientInputs(b, derivation);
  const seeds = b.input('seeds', [c, n * c]);
  const cotangents = emitCotangents(b, derivation, coefficients, b.reshape(seeds, [c, n, c]));
  const { terms, remaining } = emitTerms(b, derivation, { coefficients, cotangents, form });
  terms.forEach(({ activations, indices, sensitivities }, i) => {
    if (activations !== null) b.output(`activations${i}`, activations);
    if (indices !== null) b.output(`indices${i}`, indices);
    b.output(`sensitivities${i}`, sensitivities);
  });
  return {
    program: b.build(),
    terms: terms.map(({ activations, indices, sensitivities, blocks }) => ({
      activations: activations === null ? null : b.shape(activations),
      indices: indices === null ? null : b.shape(indices),
      sensitivities: b.shape(sensitivities),
      blocks,
    })),
    remaining,
  };
}
