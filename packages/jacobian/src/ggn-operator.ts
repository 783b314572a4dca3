import { defineOperator, type LinearOperator } from '@ntk/linop';
import { asDType } from '@ntk/tensor';
import type { Likelihood } from './likelihoods/likelihood.ts';
import type { Linearization } from './linearize.ts';

/**
 * The generalised Gauss-Newton operator JᵀΛJ, [p, p], with Λ the curvature of a likelihood at the network's own outputs.
 * Symmetric and positive semi-definite by construction, unlike a finite difference of gradients.
 *
 * @param linearization - borrowed, and must outlive the operator
 *
 * Cost of a product: one with J, one with Jᵀ. Source: Schraudolph (2002); Martens (2020), section 8.
 */
export async function ggnOperator(linearization: Linearization, likelihood: Likelihood): Promise<LinearOperator> {
  const { backend, dtype, jacobian, p } = linearization;
  const eta = new Float64Array(await backend.read(linearization.outputs));
  const operator: LinearOperator = defineOperator({
    name: 'JᵀΛJ',
    shape: [p, p],
    dtype,
    backend,
    tags: new Set(['symmetric', 'positive-definite']),
    matmul: async (v) => {
      using jv = await jacobian.matmul(v); // [k, n·c]
      const weighted = likelihood.curvature(eta, new Float64Array(await backend.read(jv)));
      using u = backend.upload(asDType(weighted, dtype), jv.shape);
      return await jacobian.transpose().matmul(u);
    },
    transpose: () => operator,
    dispose: () => undefined,
  });
  return operator;
}
