import type { ProgramBuilder, Value } from '@ntk/tensor';
import { permute } from '../permute.ts';
import { contractionOf } from './contraction.ts';
import type { TermValues } from './term-tensors.ts';

/** A term with activations, and the extents n, c, T, a, b of `Term`. */
interface Factored {
  readonly activations: Value;
  readonly sensitivities: Value;
  readonly n: number;
  readonly c: number;
  readonly positions: number;
  readonly a: number;
  readonly width: number;
}

/**
 * Emits a term's part of J V.
 *
 * @param directions - the weights' part of V, [a, k, b]; without activations [1, k, b]
 * @returns [n, c, k]
 */
export function emitTermTangent(b: ProgramBuilder, term: TermValues, directions: Value): Value {
  const { activations, sensitivities } = term;
  if (activations === null) {
    const [n, c, , width] = b.shape(sensitivities) as [number, number, number, number];
    const k = b.shape(directions)[1]!;
    const rows = b.reshape(sensitivities, [n * c, width]);
    return b.reshape(b.matmul(rows, b.reshape(directions, [k, width]), { transposeB: true }), [n, c, k]);
  }
  const factored = extentsOf(b, activations, sensitivities);
  const shapes = { activations: b.shape(activations), indices: null, sensitivities: b.shape(sensitivities) };
  return contractionOf(shapes).order === 'activations'
    ? tangentByActivations(b, factored, directions)
    : tangentBySensitivities(b, factored, directions);
}

/** Σ_t G_t · (A_t V): one product with A for all right-hand sides, then one for each example. */
function tangentByActivations(
  b: ProgramBuilder,
  { activations, sensitivities, n, c, positions, a, width }: Factored,
  directions: Value,
): Value {
  const k = b.shape(directions)[1]!;
  const inputs = b.reshape(activations, [n * positions, a]);
  const moved = b.reshape(b.matmul(inputs, b.reshape(directions, [a, k * width])), [n, positions, k, width]);
  const tangents = b.reshape(permute(b, moved, [0, 2, 1, 3]), [n, k, positions * width]);
  return b.matmul(b.reshape(sensitivities, [n, c, positions * width]), permute(b, tangents, [0, 2, 1]));
}

/** Σ_t (G_t Vᵀ) · A_t: one product with G for all right-hand sides, then one for each example. */
function tangentBySensitivities(
  b: ProgramBuilder,
  { activations, sensitivities, n, c, positions, a, width }: Factored,
  directions: Value,
): Value {
  const k = b.shape(directions)[1]!;
  const rows = b.reshape(permute(b, directions, [1, 0, 2]), [k * a, width]);
  const moved = b.matmul(b.reshape(sensitivities, [n * c * positions, width]), rows, { transposeB: true });
  const sums = permute(b, b.reshape(moved, [n, c, positions, k, a]), [0, 1, 3, 2, 4]);
  const inputs = b.reshape(activations, [n, positions * a, 1]);
  return b.reshape(b.matmul(b.reshape(sums, [n, c * k, positions * a]), inputs), [n, c, k]);
}

/**
 * Emits a term's part of JᵀU.
 *
 * @param transposed - the activations as [a, n·T], where `readsTransposed`
 * @param u - [n, k, c]
 * @returns [a, k, b]; without activations [1, k, b]
 */
export function emitTermCotangent(
  b: ProgramBuilder,
  { activations, sensitivities, transposed }: TermValues & { readonly transposed: Value | null },
  u: Value,
): Value {
  if (activations === null) {
    const [n, c, , width] = b.shape(sensitivities) as [number, number, number, number];
    const k = b.shape(u)[1]!;
    const columns = b.reshape(permute(b, u, [1, 0, 2]), [k, n * c]);
    return b.reshape(b.matmul(columns, b.reshape(sensitivities, [n * c, width])), [1, k, width]);
  }
  const factored = extentsOf(b, activations, sensitivities);
  if (transposed === null) return cotangentBySensitivities(b, factored, u);
  return weighsActivations(factored, b.shape(u)[1]!)
    ? cotangentByWeightedActivations(b, factored, transposed, u)
    : cotangentByActivations(b, factored, transposed, u);
}

/**
 * Whether U meets the activations of a network with one output rather than its sensitivities. There is nothing to sum over outputs then, and the transposed
 * activations are multiplied in the order in which they lie, for all right-hand sides: half the time for each number of one small product for each example.
 */
function weighsActivations({ c, a, width }: Factored, k: number): boolean {
  return c === 1 && k > 1 && a < 2 * width;
}

/** Σ_it (U_i A_it) ⊗ G_it for one output: one product with G for all right-hand sides, whose gradients come one after another. */
function cotangentByWeightedActivations(
  b: ProgramBuilder,
  { sensitivities, n, positions, a, width }: Factored,
  transposed: Value,
  u: Value,
): Value {
  const k = b.shape(u)[1]!;
  const weights = b.reshape(permute(b, u, [1, 0, 2]), [k, 1, n, 1]);
  const weighted = b.mul(b.reshape(transposed, [a, n, positions]), weights); // [k, a, n, T]
  const rows = b.reshape(sensitivities, [n * positions, width]);
  const gradients = b.matmul(b.reshape(weighted, [k * a, n * positions]), rows);
  return permute(b, b.reshape(gradients, [k, a, width]), [1, 0, 2]);
}

/** Σ_it A_it ⊗ (Σ_α U_iα G_iαt): one product for each example, then one with Aᵀ for all right-hand sides. */
function cotangentByActivations(
  b: ProgramBuilder,
  { sensitivities, n, c, positions, a, width }: Factored,
  transposed: Value,
  u: Value,
): Value {
  const k = b.shape(u)[1]!;
  const weighted = b.matmul(u, b.reshape(sensitivities, [n, c, positions * width])); // [n, k, T·b]
  const cotangents = permute(b, b.reshape(weighted, [n, k, positions, width]), [0, 2, 1, 3]);
  const gradient = b.matmul(transposed, b.reshape(cotangents, [n * positions, k * width]));
  return b.reshape(gradient, [a, k, width]);
}

/** Σ_iαt (U_iα A_it) ⊗ G_iαt: activations weighted for each right-hand side, then one product with G for all. */
function cotangentBySensitivities(
  b: ProgramBuilder,
  { activations, sensitivities, n, c, positions, a, width }: Factored,
  u: Value,
): Value {
  const k = b.shape(u)[1]!;
  const weights = b.reshape(permute(b, u, [0, 2, 1]), [n, c, 1, 1, k]);
  const weighted = b.mul(b.reshape(activations, [n, 1, positions, a, 1]), weights); // [n, c, T, a, k]
  const rows = b.reshape(sensitivities, [n * c * positions, width]);
  const gradient = b.matmul(b.reshape(weighted, [n * c * positions, a * k]), rows, { transposeA: true });
  return b.reshape(gradient, [a, k, width]);
}

function extentsOf(b: ProgramBuilder, activations: Value, sensitivities: Value): Factored {
  const [n, c, positions, width] = b.shape(sensitivities) as [number, number, number, number];
  return { activations, sensitivities, n, c, positions, a: b.shape(activations)[2]!, width };
}
