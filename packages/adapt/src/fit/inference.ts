import type {
  IndependentQuery,
  JacobianQuery,
  KernelQuery,
  OperatorQuery,
  OutputsPosterior,
  FunctionSpacePosterior,
  WeightPosterior,
} from '@ntk/gp';

/**
 * The posterior of the GP package, by what describes a test point to it.
 *
 * `kernel`: a Cholesky factor over rows, outputs full. `jacobian`: a Cholesky factor over parameters, outputs full. `operator`: products and an
 * iterative solver, whose variances err upwards only; its coefficients are weights. `independent` and `shared`: Cholesky factors over
 * examples, one for each output, or one for all that have the same noise.
 */
export type Inference =
  | { readonly kind: 'kernel'; readonly posterior: FunctionSpacePosterior }
  | { readonly kind: 'jacobian'; readonly posterior: WeightPosterior<JacobianQuery> }
  | { readonly kind: 'operator'; readonly posterior: WeightPosterior<OperatorQuery> }
  | { readonly kind: 'independent'; readonly posterior: OutputsPosterior<IndependentQuery> }
  | { readonly kind: 'shared'; readonly posterior: OutputsPosterior<KernelQuery> };
