import { addScaled, dot } from './vector.ts';

/** A function and its gradient at a point; the value may be +Infinity outside the domain. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** Settings of `lbfgs`. */
export interface LbfgsOptions {
  readonly maxSteps?: number;
  /** Stops once every entry of the gradient is at most this large. */
  readonly gradientTolerance?: number;
  /** Pairs of steps and gradient changes that are remembered. */
  readonly memory?: number;
}

/** Where a minimisation ended. */
export interface Minimum extends Evaluation {
  readonly x: Float64Array;
  readonly steps: number;
  readonly evaluations: number;
  /** `stalled`: no point further along the direction was lower, most often because rounding decides. */
  readonly status: 'converged' | 'stalled' | 'max-steps';
}

/** A point that has been evaluated. */
interface Point extends Evaluation {
  readonly x: Float64Array;
}

/** A step s and the change of the gradient y along it, with 1/sᵀy. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/**
 * Minimises a smooth function of few variables by L-BFGS, with a bisecting line search for the weak Wolfe conditions.
 *
 * @param f - value and gradient
 * @param start - where the value is finite; borrowed
 * @returns the last point, which is also the lowest one
 *
 * Source: Nocedal & Wright (2006), algorithms 7.4 and 7.5; line search of Lewis & Overton (2013), which copes with infinite values.
 */
export function lbfgs(f: (x: Float64Array) => Evaluation, start: Float64Array, options: LbfgsOptions = {}): Minimum {
  const { maxSteps = 200, gradientTolerance = 1e-5, memory = 10 } = options;
  let evaluations = 0;
  const at = (x: Float64Array): Point => {
    evaluations++;
    return { x, ...f(x) };
  };
  let point = at(start.slice());
  let pairs: Pair[] = [];
  for (let steps = 0; ; steps++) {
    const end = (status: Minimum['status']): Minimum => ({ ...point, steps, evaluations, status });
    if (point.gradient.every((entry) => Math.abs(entry) <= gradientTolerance)) return end('converged');
    if (steps === maxSteps) return end('max-steps');
    const direction = quasiNewtonDirection(point.gradient, pairs);
    const next = lineSearch(at, point, direction);
    if (next === undefined) {
      // A stale curvature estimate may be to blame: try the gradient itself before giving up.
      if (pairs.length === 0) return end('stalled');
      pairs = [];
      continue;
    }
    pairs = [...pairs.slice(1 - memory), pairOf(point, next)].filter(({ rho }) => Number.isFinite(rho) && rho > 0);
    point = next;
  }
}

function pairOf(from: Point, to: Point): Pair {
  const s = to.x.map((value, i) => value - from.x[i]!);
  const y = to.gradient.map((value, i) => value - from.gradient[i]!);
  return { s, y, rho: 1 / dot(s, y) };
}

/** −H g by the two-loop recursion. */
function quasiNewtonDirection(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((entry) => -entry);
  const alphas = pairs.map(() => 0);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i]!;
    alphas[i] = rho * dot(s, q);
    addScaled(q, -alphas[i]!, y);
  }
  const last = pairs.at(-1);
  // Without curvature, a step of at most unit length.
  const scale =
    last === undefined ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : 1 / (last.rho * dot(last.y, last.y));
  for (let i = 0; i < q.length; i++) q[i]! *= scale;
  pairs.forEach(({ s, y, rho }, i) => addScaled(q, alphas[i]! - rho * dot(y, q), s));
  return q;
}

const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
const MAX_TRIALS = 30;

/** A point along the direction that is lower enough and less steep, or undefined if none is found. */
function lineSearch(at: (x: Float64Array) => Point, from: Point, direction: Float64Array): Point | undefined {
  const slope = dot(from.gradient, direction);
  if (!(slope < 0)) return undefined;
  let [low, high, t] = [0, Infinity, 1];
  let lowest: Point | undefined;
  for (let trial = 0; trial < MAX_TRIALS; trial++) {
    const next = at(from.x.map((value, i) => value + t * direction[i]!));
    if (!(next.value <= from.value + SUFFICIENT_DECREASE * t * slope)) high = t;
    else if (dot(next.gradient, direction) < CURVATURE * slope) [low, lowest] = [t, next];
    else return next;
    t = high < Infinity ? (low + high) / 2 : 2 * low;
  }
  return lowest !== undefined && lowest.value < from.value ? lowest : undefined;
}
