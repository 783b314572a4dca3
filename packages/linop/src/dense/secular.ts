const MAX_STEPS = 120;

/** A root of a secular equation, held as its distance from the nearest pole so that no digit of that distance is lost. */
export interface SecularRoot {
  /** Index of the pole from which the distance is counted. */
  readonly origin: number;
  /** λ − poles[origin]. */
  readonly distance: number;
}

/**
 * Finds root i of 1 + ρ Σ_j z_j² / (d_j − λ) = 0: the one in (d_i, d_{i+1}), for the last in (d_{K−1}, d_{K−1} + ρ ‖z‖²].
 *
 * @param d - poles, strictly ascending, [K]
 * @param weights - ρ z_j², all positive, [K]
 * @param shifted - scratch, [K]
 *
 * Cost: about 5 evaluations of K divisions. Both sides' poles are interpolated by one rational term each, kept inside a shrinking bracket.
 * Source: Bunch, Nielsen & Sorensen (1978); stopping as in Gu & Eisenstat (1995), section 3.
 */
export function secularRoot(d: Float64Array, weights: Float64Array, i: number, shifted: Float64Array): SecularRoot {
  const count = d.length;
  if (count === 1) return { origin: 0, distance: weights[0]! };
  const isLast = i === count - 1;
  const width = isLast ? weights.reduce((sum, weight) => sum + weight, 0) : d[i + 1]! - d[i]!;
  const middle = width / 2;
  shiftPoles(shifted, d, d[i]!);
  const atMiddle = evaluate(shifted, weights, i, middle);
  const fromRight = !isLast && atMiddle.value < 0;
  const origin = fromRight ? i + 1 : i;
  if (fromRight) shiftPoles(shifted, d, d[origin]!);
  const bracket = startBracket(isLast, fromRight, atMiddle.value, width);
  return { origin, distance: iterate(shifted, weights, i, bracket, fromRight ? -middle : middle) };
}

interface Bracket {
  /** The function is negative here, or this is a pole. */
  low: number;
  /** The function is positive here, or this is a pole. */
  high: number;
}

function startBracket(isLast: boolean, fromRight: boolean, valueAtMiddle: number, width: number): Bracket {
  if (fromRight) return { low: -width / 2, high: 0 };
  // The last root may reach the end of its interval; rounding must not exclude it.
  if (isLast && valueAtMiddle < 0) return { low: width / 2, high: width * (1 + 4 * Number.EPSILON) };
  return { low: 0, high: width / 2 };
}

function iterate(poles: Float64Array, weights: Float64Array, i: number, bracket: Bracket, start: number): number {
  const isLast = i === poles.length - 1;
  let tau = start;
  for (let step = 0; step < MAX_STEPS; step++) {
    const f = evaluate(poles, weights, i, tau);
    if (Math.abs(f.value) <= Number.EPSILON * poles.length * f.magnitude) return tau;
    if (f.value < 0) bracket.low = tau;
    else bracket.high = tau;
    const next = tau + rationalStep(poles, i, isLast, tau, f);
    const inside = next > bracket.low && next < bracket.high;
    const previous = tau;
    tau = inside ? next : (bracket.low + bracket.high) / 2;
    if (tau === previous || tau === bracket.low || tau === bracket.high) return previous;
  }
  return tau;
}

interface Evaluation {
  /** 1 + ψ + φ */
  readonly value: number;
  /** 1 + |ψ| + |φ|, the scale of its rounding error. */
  readonly magnitude: number;
  /** Derivative of ψ, the sum over the poles up to the left one. */
  readonly leftSlope: number;
  /** Derivative of φ, the sum over the others. */
  readonly rightSlope: number;
}

function evaluate(poles: Float64Array, weights: Float64Array, i: number, tau: number): Evaluation {
  const split = Math.min(i, poles.length - 2);
  let psi = 0;
  let leftSlope = 0;
  for (let j = 0; j <= split; j++) {
    const inverse = 1 / (poles[j]! - tau);
    const term = weights[j]! * inverse;
    psi += term;
    leftSlope += term * inverse;
  }
  let phi = 0;
  let rightSlope = 0;
  for (let j = split + 1; j < poles.length; j++) {
    const inverse = 1 / (poles[j]! - tau);
    const term = weights[j]! * inverse;
    phi += term;
    rightSlope += term * inverse;
  }
  return { value: 1 + psi + phi, magnitude: 1 + Math.abs(psi) + Math.abs(phi), leftSlope, rightSlope };
}

// Root of c + s / (p − η) + S / (q − η), which agrees with both sums and their slopes at η = 0; p and q are the distances to the
// two nearest poles.
function rationalStep(poles: Float64Array, i: number, isLast: boolean, tau: number, f: Evaluation): number {
  const left = Math.min(i, poles.length - 2);
  const p = poles[left]! - tau;
  const q = poles[left + 1]! - tau;
  const s = f.leftSlope * p * p;
  const S = f.rightSlope * q * q;
  const c = f.value - f.leftSlope * p - f.rightSlope * q;
  const a = c * (p + q) + s + S;
  const b = f.value * p * q;
  const root = Math.sqrt(Math.max(0, a * a - 4 * b * c));
  if (isLast) return a >= 0 ? (a + root) / (2 * c) : (2 * b) / (a - root);
  return a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
}

function shiftPoles(shifted: Float64Array, d: Float64Array, origin: number): void {
  for (let j = 0; j < d.length; j++) shifted[j] = d[j]! - origin;
}
