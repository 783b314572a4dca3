export { explicitJacobian } from './explicit-jacobian.ts';
export { kernelDiagonal } from './gram/kernel-diagonal.ts';
export { independentKernels, kernelMatrix, sharedKernel } from './gram/kernel-matrix.ts';
export type { KernelOptions, SingleKernelOptions } from './gram/kernel-matrix.ts';
export type { Assembly, KernelSize } from './gram/kernel-cost.ts';
export type { KernelOutputs } from './gram/kernel-outputs.ts';
export { planKernel } from './gram/kernel-plan.ts';
export type {
  KernelCandidate,
  KernelPlan,
  KernelPlanOptions,
  KernelRates,
  LayerPlan,
  LayerStrategy,
} from './gram/kernel-plan.ts';
export type { FactorForm } from './factors/factor-form.ts';
export { selectParameters, trainableLayers } from './layers.ts';
export type { LayerSelection } from './layers.ts';
export { linearizationCost } from './linearization-cost.ts';
export type { LinearizationCost } from './linearization-cost.ts';
export { linearize } from './linearize.ts';
export type { Linearization, LinearizeOptions } from './linearize.ts';
export { ntkOperator } from './ntk-operator.ts';
export { ggnOperator } from './ggn-operator.ts';
export { fisherVectorProductFd } from './fisher-finite-difference.ts';
export type { FisherFdOptions } from './fisher-finite-difference.ts';
export { bernoulliLikelihood } from './likelihoods/bernoulli.ts';
export { categoricalLikelihood } from './likelihoods/categorical.ts';
export { gaussianLikelihood } from './likelihoods/gaussian.ts';
export type { Likelihood } from './likelihoods/likelihood.ts';
export { poissonLikelihood } from './likelihoods/poisson.ts';
export type { Factors } from './factors/factors.ts';
export type { Batch } from './batches.ts';
export type { LinearMaps } from './linear-maps.ts';
export type { MemoryPlan } from './memory/memory-plan.ts';
export { jvp, vjp } from './vjp.ts';
export type { Vjp } from './vjp.ts';
