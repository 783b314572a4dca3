export { checkNetworkFit } from './features/fit-network.ts';
export type { NetworkSide } from './features/fit-network.ts';
export { readNumber } from './features/cell.ts';
export type { Reading } from './features/cell.ts';
export { columnNamed, expandNames } from './features/columns.ts';
export type { MissingPolicy } from './features/columns.ts';
export { encodeExamples, encodeInputs, hasTargets, readTargets } from './features/encode.ts';
export type { EncodedExamples, EncodedInputs } from './features/encode.ts';
export { fitFeatures } from './features/fit.ts';
export type { ExampleTables, FeatureOptions } from './features/fit.ts';
export { describeMapping } from './features/mapping.ts';
export { closestName, didYouMean, listNames, quoted } from './features/names.ts';
export { parseInputScaler } from './features/scaler.ts';
export type { InputScaler, ScalerValues } from './features/scaler.ts';
export { inputNames, inputWidth, parseFeatureSchema } from './features/schema.ts';
export type { CategoryInput, FeatureSchema, InputColumn, NumberInput, ResolvedScaler } from './features/schema.ts';
export { makeTable } from './features/table.ts';
export type { Cell, Column, ColumnGroup, Table, TableParts } from './features/table.ts';
export { adapt, planAdaptation } from './adapt.ts';
export type { AdaptedNetwork } from './adapt.ts';
export { openPosterior, predictStored, productDtypeFor, restorePosterior } from './file/open-posterior.ts';
export type { MoreExamples, OpenOptions, OpenPosterior, RestoreOptions } from './file/open-posterior.ts';
export { decodePosterior, encodePosterior } from './file/posterior-file.ts';
export type { DecodeOptions, EncodeOptions, NetworkReference } from './file/posterior-file.ts';
export { storePosterior } from './file/store-posterior.ts';
export type { StoreOptions, VarianceChoice } from './file/store-posterior.ts';
export { errorBoundOf } from './file/stored-posterior.ts';
export type {
  DataVariance,
  NoVariance,
  RootVariance,
  SampledVariance,
  StoredConstant,
  StoredPosterior,
  StoredRoot,
  StoredVariance,
  WeightRoot,
} from './file/stored-posterior.ts';
export type { EvidenceErrors, Hyperparameters } from './fit/hyperparameters.ts';
export type { Inference } from './fit/inference.ts';
export { fitLinearized } from './fit/fit-linearized.ts';
export type { LinearizedFit } from './fit/linearized-fit.ts';
export { DEFAULT_MEMORY, resolveOptions } from './fit/options.ts';
export type { AdaptOptions, MeanKind, NoiseOption, ResolvedOptions } from './fit/options.ts';
export type { Prediction } from './fit/predict-in-batches.ts';
export type { TrainingData } from './fit/training-data.ts';
export { calibrate } from './plan/calibrate.ts';
export type { Candidate } from './plan/candidates.ts';
export { linearizationMemory } from './plan/estimate.ts';
export { explain } from './plan/explain.ts';
export { describeMethod } from './plan/method.ts';
export type {
  Held,
  Method as PosteriorMethod,
  OutputsLayout,
  PreconditionerChoice,
  PreconditionerKind,
  Solver,
  Space,
} from './plan/method.ts';
export { formatPlan, formatRates, parsePlan, parseRates } from './plan/plan-file.ts';
export type { Plan } from './plan/plan.ts';
export type { Rates } from './plan/rates.ts';
export type { LearnedRows, Sizes } from './plan/sizes.ts';
export { shiftNetwork } from './export/shift-network.ts';
export { storedCovariances } from './export/stored-covariances.ts';
export { suggest, suggestStored } from './suggest/suggest.ts';
export type { SuggestOptions, Suggestion } from './suggest/suggest.ts';
export { compareErrors, relationOf } from './verdict/comparison.ts';
export type { Comparison, Relation } from './verdict/comparison.ts';
export type { Comparisons, Method, MethodScores } from './verdict/conclusion.ts';
export { verdict } from './verdict/verdict.ts';
export type { TargetPredictions } from './verdict/target-predictions.ts';
export type { Validation } from './verdict/validation.ts';
export type { Verdict } from './verdict/verdict.ts';
