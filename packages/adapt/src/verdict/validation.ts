import { Rng } from '@ntk/tensor';
import type { LinearizedFit } from '../fit/linearized-fit.ts';
import { HELD_OUT } from '../plan/estimate.ts';

/** Which examples are predicted from which others. */
export interface Validation {
  readonly kind: 'leave-one-out' | 'k-fold' | 'held-out';
  /** Examples that are left out together; each is predicted from all that are not in its fold. */
  readonly folds: readonly (readonly number[])[];
  /** All of them, in the order of their predictions. */
  readonly examples: readonly number[];
}

const FOLDS = 5;

/**
 * Leave-one-out where the posterior has it in closed form. Otherwise five folds, or for more than 512 examples 256 random ones that are held out: each
 * fold is a fit of its own. The same examples every time.
 */
export function validationOf({ plan: { method }, linearization: { n } }: LinearizedFit): Validation {
  if (method.solver === 'cholesky' && method.holds !== 'information') {
    return validation(
      'leave-one-out',
      Array.from({ length: n }, (_, example) => [example]),
    );
  }
  const order = new Rng('validation').permutation(n);
  if (n > 2 * HELD_OUT) return validation('held-out', [ascending(order.slice(0, HELD_OUT))]);
  const count = Math.min(FOLDS, n);
  return validation(
    'k-fold',
    Array.from({ length: count }, (_, fold) => ascending(order.filter((_example, i) => i % count === fold))),
  );
}

function validation(kind: Validation['kind'], folds: readonly (readonly number[])[]): Validation {
  return { kind, folds, examples: folds.flat() };
}

function ascending(examples: readonly number[]): number[] {
  return [...examples].sort((a, b) => a - b);
}
