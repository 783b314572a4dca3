/**
 * How a parameter that is read at several positions enters kernels. `positions`: its inputs and sensitivities side by side, T² pairs of them for two
 * examples. `jacobian`: the Jacobian of its layer, summed over positions. `cheapest`: of the two the one with fewer multiply-adds, a dense layer at one
 * position always by its factors.
 */
export type FactorForm = 'cheapest' | 'positions' | 'jacobian';
