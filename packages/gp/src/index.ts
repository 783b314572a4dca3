export {
  type CachedModel,
  type CachedVariance,
  type CachedVarianceOptions,
  type CacheOptions,
  type PlacedCache,
  cacheExactVariance,
  cacheVariance,
  cachedCovariance,
  cachedVariance,
  cachedWeightCovariance,
  placeCache,
} from './cached-variance.ts';
export type { Conditioning, WeightConditioning, WhitenedSolution } from './conditioning.ts';
export {
  type LinearModel,
  conservativeVariance,
  conservativeVarianceFromWeights,
} from './conservative-variance.ts';
export type { EvidenceGradient } from './evidence.ts';
export type { EvidenceAt, EvidenceFunction, RatioTerms } from './evidence-function.ts';
export { type EvidenceSurface, type SurfaceOptions, evidenceSurface } from './evidence-surface.ts';
export type { AppendedTargets } from './appended-targets.ts';
export {
  type AppendedExamples,
  type FunctionSpacePosterior,
  type FunctionSpaceProblem,
  functionSpacePosterior,
} from './function-space.ts';
export { type GaussianScores, type Score, type ScoredPredictions, gaussianScores } from './gaussian-scores.ts';
export { type IndependentProblem, type IndependentQuery, independentPosterior } from './independent-outputs.ts';
export type { InformationSolver, InformationState } from './information.ts';
export { type JacobianEvidenceProblem, jacobianEvidence } from './jacobian-evidence.ts';
export { type JacobianProblem, type JacobianQuery, conditionJacobian } from './jacobian-conditioning.ts';
export {
  type AppendedRows,
  type KernelConditioning,
  type KernelProblem,
  type KernelQuery,
  conditionKernel,
} from './kernel-conditioning.ts';
export {
  type EvidenceProfile,
  type LearnOptions,
  type LearnedHyperparameters,
  learnHyperparameters,
} from './learn-hyperparameters.ts';
export {
  type GroupedEvidence,
  type GroupedEvidenceAt,
  type GroupedProblem,
  combineKernels,
  groupedEvidence,
} from './grouped-evidence.ts';
export { type EvidenceEstimate, type KrylovEvidence, krylovEvidence } from './krylov-evidence.ts';
export { type KrylovLeaveOneOut, type LeftOutEstimates, krylovLeaveOneOut } from './krylov-leave-out.ts';
export {
  type KrylovProblem,
  type KrylovRun,
  type KrylovRunOptions,
  type ReducedProbe,
  type ReducedVector,
  krylovRun,
} from './krylov-run.ts';
export { type Evaluation, type LbfgsOptions, type Minimum, lbfgs } from './lbfgs.ts';
export { type LearnGroupsOptions, type LearnedGroups, learnGroupVariances } from './learn-groups.ts';
export { jointEvidence } from './joint-evidence.ts';
export type { LeftOutExamples, LeftOutRows } from './leave-out.ts';
export type { Noise } from './noise.ts';
export { normalQuantile } from './normal-quantile.ts';
export {
  type OperatorConditioning,
  type OperatorEstimates,
  type OperatorOptions,
  type OperatorProblem,
  type OperatorQuery,
  conditionOperator,
} from './operator-conditioning.ts';
export {
  type AppendedJacobian,
  type OperatorPosterior,
  type OperatorSpaceProblem,
  operatorPosterior,
} from './operator-posterior.ts';
export { applyInBlocks, applyOperator } from './operator-product.ts';
export type { OperatorSolver, OperatorSolverState, SolveReport, SolveRules } from './operator-system.ts';
export { outputKernels, traceKernel } from './output-kernels.ts';
export type { OutputsGradient, OutputsPosterior } from './outputs-posterior.ts';
export { type ParameterSpaceProblem, parameterSpacePosterior } from './parameter-space.ts';
export {
  type PathwiseSamples,
  type SampleOptions,
  pathwiseSamples,
  evaluateSamples,
} from './pathwise-samples.ts';
export { type MeanQuery, type Posterior, type Targets, type WeightPosterior, posteriorFrom } from './posterior.ts';
export { type PrecisionRoot, blockPrecisionRoot, noisePrecisionRoot } from './precision-root.ts';
export type { PriorMean } from './prior-mean.ts';
export { type SampleVariance, sampleVariance } from './sample-variance.ts';
export { type SharedProblem, sharedPosterior } from './shared-outputs.ts';
export { type LeaveOneOutFunction, spectralLeaveOneOut } from './spectral-leave-out.ts';
export type { TestJacobian } from './test-jacobian.ts';
export { type EvidenceProblem, tridiagonalEvidence } from './tridiagonal-evidence.ts';
export { type WeightSystem, kernelWeights, weightCovariance } from './weight-system.ts';
