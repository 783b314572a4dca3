export type { Baseline, BaselineData, BaselinePrediction, FittedBaseline } from './baselines/baseline.ts';
export { lastLayerRidge } from './baselines/last-layer.ts';
export type { NetworkBaselineOptions } from './baselines/network-baseline.ts';
export { rbfGp } from './baselines/rbf-gp.ts';
export type { RbfGpOptions } from './baselines/rbf-gp.ts';
export { untouchedNetwork } from './baselines/untouched.ts';
