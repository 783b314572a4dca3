import { OptionError } from '@ntk/tensor';
import { checkScale } from './checks.ts';
import type { EvidenceGradient } from './evidence.ts';
import { type EvidenceFunction, type RatioTerms, evidenceAt } from './evidence-function.ts';
import { type QuadraturePair, integrate, quadraturePair } from './krylov-quadrature.ts';
import type { KrylovRun } from './krylov-run.ts';

/**
 * The evidence at one point, estimated. A 95 % interval reaches from the value − t · standardError to the value + t · standardError + truncation, t of Student with
 * probes − 1 degrees of freedom.
 */
export interface EvidenceEstimate {
  readonly logMarginalLikelihood: number;
  /** Standard deviation over the random probes, itself estimated from them. */
  readonly standardError: number;
  /** By how much more steps can still raise the value, at most: the distance between Gauss and Gauss-Radau rules. They cannot lower it. */
  readonly truncation: number;
  readonly gradient: EvidenceGradient;
  /** Standard deviations of the gradient's entries over the probes; they are one number, because the probes enter by tr P alone. */
  readonly gradientError: number;
}

/** The evidence of every (s², σ²) from one Krylov run: an EvidenceFunction whose gradient is that of its own values, with errors. */
export interface KrylovEvidence extends EvidenceFunction {
  /** Steps of the longest space. */
  readonly steps: number;
  readonly probes: number;
  /**
   * The evidence with its errors.
   *
   * @throws {OptionError} if a variance is not positive
   */
  estimate(priorVariance: number, noiseVariance: number): EvidenceEstimate;
}

/**
 * The evidence as a function of both variances from Krylov spaces of the residual and of probes.
 *
 * With T of the residual r̃ and of each probe ω, f(K̃) = log(K̃ + τI), (K̃ + τI)⁻¹ or its square: r̃ᵀf(K̃)r̃ ≈ ‖r̃‖² e₁ᵀf(T)e₁, tr f(K̃) ≈ mean ‖ω‖² e₁ᵀf(T)e₁,
 * O(steps) for each ratio τ = σ²/s². Of the two rules for each of them, the one that makes the evidence smaller: what is not resolved by the steps counts as noise,
 * and a search for the largest evidence is not led to variances so small that no space resolves them. `scale`, the mean diagonal of K̃, is estimated too. Where the
 * mean is fixed and a space is everything, the log-determinant and the trace are exact, because T has the whole spectrum.
 *
 * @param run - what it holds is read, not kept beyond the rules
 * @throws {OptionError} if the kernel is zero
 *
 * Cost: about 50·steps² operations a vector. Source: Ubaru, Chen & Saad (2017), section 3; Golub & Meurant (2010), section 7.1.
 */
export function krylovEvidence(run: KrylovRun): KrylovEvidence {
  const { freedom, logShape } = run;
  const rules = rulesOf(run);
  const scale = meanOf(rules.probes.map(({ rule, size }) => size * integrate(rule.gauss, (x) => x))) / freedom;
  checkScale(scale);
  const terms = (ratio: number): RatioTerms => {
    checkRatio(ratio);
    const inverse = (x: number): number => 1 / (x + ratio);
    const { residual, squaredResidual } = rules;
    return {
      quadratic: residual === undefined ? 0 : squaredResidual * integrate(residual.radau, inverse),
      squared: residual === undefined ? 0 : squaredResidual * integrate(residual.radau, (x) => inverse(x) ** 2),
      trace: meanOf(tracesOf(rules, ratio)),
      logDeterminant: meanOf(logDeterminantsOf(rules, ratio, 'gauss')) + logShape,
    };
  };
  return {
    freedom,
    scale,
    steps: rules.steps,
    probes: run.probes.length,
    terms,
    at: (s2, sigma2) => evidenceAt(terms(sigma2 / s2), freedom, { s2, sigma2 }),
    estimate: (s2, sigma2) => {
      const { logMarginalLikelihood, gradient } = evidenceAt(terms(sigma2 / s2), freedom, { s2, sigma2 });
      return { logMarginalLikelihood, gradient, ...errorsAt(rules, s2, sigma2) };
    },
  };
}

/** The rules of a run. */
interface Rules {
  readonly freedom: number;
  readonly steps: number;
  readonly residual: QuadraturePair | undefined;
  readonly squaredResidual: number;
  /** tr f(K̃) ≈ size · Σ w f(x) + (N − q − size) f(0), of each probe; a single one that is exact where a space has the whole spectrum. */
  readonly probes: readonly { readonly rule: QuadraturePair; readonly size: number }[];
}

function rulesOf({ residual, squaredResidual, probes, freedom, yTrain }: KrylovRun): Rules {
  const target = residual === undefined ? undefined : quadraturePair(residual);
  const spaces = [...(residual === undefined ? [] : [residual]), ...probes.map(({ space }) => space)];
  const lengths = spaces.map(({ tridiagonal }) => tridiagonal.diagonal.length);
  const steps = Math.max(...lengths);
  const common = { freedom, steps, residual: target, squaredResidual };
  // Beside a constant, rounding leads into what was projected out, and the spectrum is never just that of the rest.
  const complete = spaces[lengths.indexOf(yTrain.length)];
  if (freedom === yTrain.length && complete !== undefined) {
    const { nodes } = quadraturePair(complete).gauss;
    const spectrum = { nodes, weights: new Float64Array(freedom).fill(1 / freedom) };
    return { ...common, probes: [{ rule: { gauss: spectrum, radau: spectrum }, size: freedom }] };
  }
  return {
    ...common,
    probes: probes.map(({ space, squaredLength: size }) => ({ rule: quadraturePair(space), size })),
  };
}

function tracesOf({ probes, freedom }: Rules, ratio: number): number[] {
  return probes.map(
    ({ rule, size }) => size * integrate(rule.gauss, (x) => 1 / (x + ratio)) + (freedom - size) / ratio,
  );
}

function logDeterminantsOf({ probes, freedom }: Rules, ratio: number, kind: keyof QuadraturePair): number[] {
  return probes.map(
    ({ rule, size }) => size * integrate(rule[kind], (x) => Math.log(x + ratio)) + (freedom - size) * Math.log(ratio),
  );
}

function errorsAt(
  rules: Rules,
  s2: number,
  sigma2: number,
): Pick<EvidenceEstimate, 'standardError' | 'truncation' | 'gradientError'> {
  const ratio = sigma2 / s2;
  const { residual, squaredResidual } = rules;
  const values = logDeterminantsOf(rules, ratio, 'gauss');
  const difference = (pair: QuadraturePair): number =>
    integrate(pair.radau, (x) => 1 / (x + ratio)) - integrate(pair.gauss, (x) => 1 / (x + ratio));
  const fit = residual === undefined ? 0 : (squaredResidual * difference(residual)) / s2;
  const determinant = meanOf(values) - meanOf(logDeterminantsOf(rules, ratio, 'radau'));
  return {
    standardError: 0.5 * standardErrorOf(values),
    truncation: 0.5 * (Math.max(0, fit) + Math.max(0, determinant)),
    gradientError: 0.5 * ratio * standardErrorOf(tracesOf(rules, ratio)),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value / values.length, 0);
}

// 0 of a single value, which is exact.
function standardErrorOf(values: readonly number[]): number {
  if (values.length === 1) return 0;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

function checkRatio(ratio: number): void {
  if (ratio > 0 && Number.isFinite(ratio)) return;
  throw new OptionError(
    `krylovEvidence: got the ratio ${ratio} of noise to prior variance, expected a positive finite number`,
  );
}
