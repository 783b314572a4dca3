import { NumericalError } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import type { EvidenceGradient } from './evidence.ts';
import { type EvidenceFunction, evidenceAt, termsOrBreakdown } from './evidence-function.ts';

/** What is known already, and where to search. */
export interface LearnOptions {
  /** s², if it is not to be learned. */
  readonly priorVariance?: number;
  /** σ² (the factor of D, where the noise has a shape), if it is not to be learned. */
  readonly noiseVariance?: number;
  /** Least and largest ratio τ = σ²/s² searched, as multiples of `evidence.scale`; 1e-10 and 1e6 by default. */
  readonly bounds?: readonly [lower: number, upper: number];
  /** Points of the profile for each factor of ten of τ; 8 by default. */
  readonly pointsPerDecade?: number;
}

/** The evidence along the search: at each ratio, the best variances that respect what is given. */
export interface EvidenceProfile {
  /** τ = σ²/s², increasing. */
  readonly ratio: Float64Array;
  readonly priorVariance: Float64Array;
  readonly noiseVariance: Float64Array;
  /** −∞ where K + τD is not positive definite to rounding. */
  readonly logMarginalLikelihood: Float64Array;
}

/** Variances that maximise the evidence. */
export interface LearnedHyperparameters {
  /** s², in units of y² per unit of the kernel. */
  readonly priorVariance: number;
  /** σ², in units of y². */
  readonly noiseVariance: number;
  readonly logMarginalLikelihood: number;
  /** Derivatives at the result by both log variances; those by what was learned vanish unless `onEdge`. */
  readonly gradient: EvidenceGradient;
  /** Length of the gradient by what was learned: the check that this is a stationary point. */
  readonly gradientNorm: number;
  /** At which end of the bounds the best ratio lies, if it does: then the data do not determine it. */
  readonly onEdge: 'lower' | 'upper' | undefined;
  /** Number of local maxima met, edges included. */
  readonly maxima: number;
  readonly profile: EvidenceProfile;
}

const DEFAULT_BOUNDS = [1e-10, 1e6] as const;

/**
 * Learns prior and noise variance by maximising the evidence, globally within bounds on τ = σ²/s².
 *
 * Where both are free, s² = r̃ᵀPr̃/(N − q) in closed form, which leaves one dimension. The profile is tabulated on a logarithmic grid;
 * wherever its derivative changes from rising to falling, the maximum in between is found by bisection of the derivative, and the best
 * of all maxima and edges is taken.
 *
 * @throws {OptionError} if an option is out of its domain, the rows are too few, or the targets equal their prior mean: the evidence then
 *   has no maximum
 *
 * Cost: O(N) for each point of the grid and some 50 for each maximum.
 * Source: Rasmussen & Williams (2006), section 5.4.1; the closed form as in Mardia & Marshall (1984).
 */
export async function learnHyperparameters(
  evidence: EvidenceFunction,
  options: LearnOptions = {},
): Promise<LearnedHyperparameters> {
  const given = checkGiven(evidence, options);
  const ratios = given.kind === 'both' ? [given.sigma2 / given.s2] : gridOf(evidence.scale, options);
  const points = ratios.map((ratio) => profileAt(evidence, given, ratio));
  const candidates = given.kind === 'both' ? points : maximaOf(points, (ratio) => profileAt(evidence, given, ratio));
  if (candidates.length === 0) {
    throw new NumericalError(
      'learnHyperparameters: the evidence is not a number anywhere: targets or given variances are so large or small that their squares leave the range of doubles; ' +
        'scale the targets, or give both variances',
      'non-finite-input',
    );
  }
  const best = candidates.reduce((a, b) => (b.value > a.value ? b : a));
  const edges: readonly (ProfilePoint | undefined)[] = given.kind === 'both' ? [] : [points[0], points.at(-1)];
  return {
    priorVariance: best.s2,
    noiseVariance: best.sigma2,
    logMarginalLikelihood: best.value,
    gradient: best.gradient,
    gradientNorm: normByFree(best.gradient, given),
    onEdge: best === edges[0] ? 'lower' : best === edges[1] ? 'upper' : undefined,
    maxima: candidates.length,
    profile: profileOf(points),
  };
}

/** Which variances are given; the rest is learned. */
type Given =
  | { readonly kind: 'none' }
  | { readonly kind: 'prior'; readonly s2: number }
  | { readonly kind: 'noise'; readonly sigma2: number }
  | { readonly kind: 'both'; readonly s2: number; readonly sigma2: number };

interface ProfilePoint {
  readonly ratio: number;
  readonly s2: number;
  readonly sigma2: number;
  readonly value: number;
  /** Derivative of the profile by log τ. */
  readonly slope: number;
  readonly gradient: EvidenceGradient;
}

function checkGiven(evidence: EvidenceFunction, { priorVariance, noiseVariance }: LearnOptions): Given {
  for (const [name, value] of Object.entries({ priorVariance, noiseVariance })) {
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
      throw new OptionError(`${name}: got ${value}, expected a positive finite variance, or none to learn it`);
    }
  }
  const needed = priorVariance === undefined && noiseVariance === undefined ? 2 : 1;
  if (evidence.freedom < needed) {
    throw new OptionError(
      `learnHyperparameters: got ${evidence.freedom} rows beyond the constants of the mean, expected at least ${needed}; ` +
        'give the prior variance and the noise variance',
    );
  }
  if (priorVariance !== undefined && noiseVariance !== undefined) {
    return { kind: 'both', s2: priorVariance, sigma2: noiseVariance };
  }
  if (priorVariance !== undefined) return { kind: 'prior', s2: priorVariance };
  return noiseVariance === undefined ? { kind: 'none' } : { kind: 'noise', sigma2: noiseVariance };
}

// At one ratio: the free variances at their best.
function profileAt(evidence: EvidenceFunction, given: Given, ratio: number): ProfilePoint {
  // Two given variances have no alternative: their breakdown is the caller's to hear of.
  const terms = given.kind === 'both' ? evidence.terms(ratio) : termsOrBreakdown(evidence, ratio);
  if (terms === undefined) {
    const gradient = { logPriorVariance: NaN, logNoiseVariance: NaN };
    return { ratio, s2: NaN, sigma2: NaN, value: -Infinity, slope: Infinity, gradient };
  }
  const { s2, sigma2 } = variancesAt(given, ratio, terms.quadratic / evidence.freedom);
  const { logMarginalLikelihood, gradient } = evidenceAt(terms, evidence.freedom, { s2, sigma2 });
  // With σ² given, log s² falls as log τ rises; else log σ² rises, and s² is given or stationary.
  const slope = given.kind === 'noise' ? -gradient.logPriorVariance : gradient.logNoiseVariance;
  return { ratio, s2, sigma2, value: logMarginalLikelihood, slope, gradient };
}

function variancesAt(given: Given, ratio: number, closedForm: number): { s2: number; sigma2: number } {
  switch (given.kind) {
    case 'both':
      return given;
    case 'prior':
      return { s2: given.s2, sigma2: given.s2 * ratio };
    case 'noise':
      return { s2: given.sigma2 / ratio, sigma2: given.sigma2 };
    case 'none':
      if (closedForm > 0) return { s2: closedForm, sigma2: closedForm * ratio };
      throw new OptionError(
        'learnHyperparameters: got targets equal to their prior mean, expected some deviation, because the evidence has no maximum ' +
          'otherwise; give the prior variance or the noise variance',
      );
  }
}

function gridOf(scale: number, { bounds = DEFAULT_BOUNDS, pointsPerDecade = 8 }: LearnOptions): number[] {
  const [lower, upper] = bounds;
  if (
    !(lower > 0 && upper > lower && Number.isFinite(upper) && Number.isInteger(pointsPerDecade) && pointsPerDecade > 0)
  ) {
    throw new OptionError(
      `learnHyperparameters: got bounds [${lower}, ${upper}] with ${pointsPerDecade} points per decade, ` +
        'expected 0 < lower < upper, finite, and a positive number of points',
    );
  }
  const steps = Math.max(1, Math.ceil(pointsPerDecade * Math.log10(upper / lower)));
  return Array.from({ length: steps + 1 }, (_, i) => scale * lower * (upper / lower) ** (i / steps));
}

function maximaOf(points: readonly ProfilePoint[], search: (ratio: number) => ProfilePoint): ProfilePoint[] {
  const found: ProfilePoint[] = [];
  const first = points[0]!;
  const last = points.at(-1)!;
  if (first.slope <= 0) found.push(first);
  for (let i = 0; i + 1 < points.length; i++) {
    if (points[i]!.slope > 0 && points[i + 1]!.slope <= 0) found.push(bisect(points[i]!, points[i + 1]!, search));
  }
  if (last.slope > 0) found.push(last);
  return found;
}

// The slope is positive at `low` and not at `high`. Fifty halvings leave no digit of the ratio undecided.
function bisect(low: ProfilePoint, high: ProfilePoint, search: (ratio: number) => ProfilePoint): ProfilePoint {
  for (let step = 0; step < 50; step++) {
    const middle = search(Math.sqrt(low.ratio) * Math.sqrt(high.ratio));
    if (middle.ratio <= low.ratio || middle.ratio >= high.ratio) break;
    if (middle.slope > 0) low = middle;
    else high = middle;
  }
  return Math.abs(low.slope) < Math.abs(high.slope) ? low : high;
}

function normByFree({ logPriorVariance, logNoiseVariance }: EvidenceGradient, given: Given): number {
  const byPrior = given.kind === 'none' || given.kind === 'noise' ? logPriorVariance : 0;
  const byNoise = given.kind === 'none' || given.kind === 'prior' ? logNoiseVariance : 0;
  return Math.hypot(byPrior, byNoise);
}

function profileOf(points: readonly ProfilePoint[]): EvidenceProfile {
  return {
    ratio: Float64Array.from(points, ({ ratio }) => ratio),
    priorVariance: Float64Array.from(points, ({ s2 }) => s2),
    noiseVariance: Float64Array.from(points, ({ sigma2 }) => sigma2),
    logMarginalLikelihood: Float64Array.from(points, ({ value }) => value),
  };
}
