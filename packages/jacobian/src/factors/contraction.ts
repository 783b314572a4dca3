import type { TermShapes } from './term-tensors.ts';

/** Multiply-adds of a matrix product that take as long as reading or writing one number: measured as 27 to 31 on ONNX Runtime. */
export const TOUCH = 30;

/** Which factor of a term a product meets first. */
type ContractionOrder = 'activations' | 'sensitivities';

/** How a term is multiplied with a vector, and its cost in multiply-adds; reading or writing a number counts as `TOUCH`. */
interface Contraction {
  readonly order: ContractionOrder;
  readonly cost: number;
}

/**
 * The cheaper order for a term with a inputs, b sensitivities and c outputs. Activations first: a·b multiply-adds give b numbers, which meet the
 * sensitivities. Sensitivities first: c·a·b give c·a numbers, which meet the activations, less to read and write for layers of few inputs.
 */
export function contractionOf({ activations, sensitivities }: TermShapes): Contraction {
  const [n, c, positions, b] = sensitivities as [number, number, number, number];
  const a = activations?.[2] ?? 0;
  const first = a * b + TOUCH * b * (c + 1);
  const second = c * a * b + TOUCH * c * (a + b);
  return activations !== null && second < first
    ? { order: 'sensitivities', cost: n * positions * second }
    : { order: 'activations', cost: n * positions * first };
}
