import type { ProgramBuilder, Shape, Tensor, Value } from '@ntk/tensor';

/** The factors of a term as tensors of some examples; see `Term`. */
export interface TermTensors {
  readonly activations: Tensor | null;
  readonly indices: Tensor | null;
  readonly sensitivities: Tensor;
}

/** The same as values of a Program. */
export interface TermValues {
  readonly activations: Value | null;
  readonly indices: Value | null;
  readonly sensitivities: Value;
}

/** The shapes of a term's factors. */
export interface TermShapes {
  readonly activations: Shape | null;
  readonly indices: Shape | null;
  readonly sensitivities: Shape;
}

/** All tensors of some terms, in the order in which Programs take and give them. */
export function tensorsOf(terms: readonly TermTensors[]): Tensor[] {
  return terms.flatMap(({ activations, indices, sensitivities }) =>
    [activations, indices, sensitivities].filter((tensor) => tensor !== null),
  );
}

/** Declares the inputs of a Program for some terms. */
export function termInputs(b: ProgramBuilder, prefix: string, terms: readonly TermShapes[]): TermValues[] {
  const declare = (name: string, shape: Shape | null): Value | null => (shape === null ? null : b.input(name, shape));
  return terms.map(({ activations, indices, sensitivities }, i) => ({
    activations: declare(`${prefix}activations${i}`, activations),
    indices: declare(`${prefix}indices${i}`, indices),
    sensitivities: b.input(`${prefix}sensitivities${i}`, sensitivities),
  }));
}

/** Sorts tensors that a Program gave into terms. */
export function termsOfTensors(tensors: readonly Tensor[], terms: readonly TermShapes[]): TermTensors[] {
  let next = 0;
  const take = (shape: Shape | null): Tensor | null => (shape === null ? null : tensors[next++]!);
  return terms.map(({ activations, indices }) => ({
    activations: take(activations),
    indices: take(indices),
    sensitivities: tensors[next++]!,
  }));
}
