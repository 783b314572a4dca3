export type { Conditioning, WhitenedSolution } from './conditioning.ts';
export type { EvidenceGradient } from './evidence.ts';
export { type FunctionSpaceProblem, functionSpacePosterior } from './function-space.ts';
export { type KernelProblem, type KernelQuery, conditionKernel } from './kernel-conditioning.ts';
export type { LeftOutExamples, LeftOutRows } from './leave-out.ts';
export { type MeanQuery, type Posterior, type Targets, posteriorFrom } from './posterior.ts';
export { type PrecisionRoot, blockPrecisionRoot, noisePrecisionRoot } from './precision-root.ts';
export type { PriorMean } from './prior-mean.ts';
