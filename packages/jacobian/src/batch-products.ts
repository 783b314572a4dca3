import type { Tensor } from '@ntk/tensor';
import type { Batches } from './batches.ts';
import { factoredCotangentProgram, factoredTangentProgram } from './factors/factored-products.ts';
import type { Factors } from './factors/factors.ts';
import { tensorsOf } from './factors/term-tensors.ts';
import type { LinearMaps } from './linear-maps.ts';
import { cotangentProgram, tangentProgram } from './linear-programs.ts';

/** Products with the Jacobian of one batch, padding included. The caller disposes the results. */
export interface BatchProducts {
  /** J V: v [k, p] to [k, batchSize·c]. */
  tangent(batch: number, v: Tensor): Promise<Tensor>;
  /** Jᵀ U: u [k, batchSize·c] to [k, p]. */
  cotangent(batch: number, u: Tensor): Promise<Tensor>;
}

/** Products that follow the network: tangents forward, cotangents backward. */
export function propagatedProducts(maps: LinearMaps, batches: Batches): BatchProducts {
  const { derivation } = maps;
  const first = ([product]: Tensor[]): Tensor => product!;
  return {
    tangent: (batch, v) => {
      const k = v.shape[0]!;
      const make = () => tangentProgram(derivation, k);
      return batches.use(batch, async (point) => first(await maps.run(`tangent${k}`, make, point, [v])));
    },
    cotangent: (batch, u) => {
      const k = u.shape[0]!;
      const make = () => cotangentProgram(derivation, k);
      return batches.use(batch, async (point) => first(await maps.run(`cotangent${k}`, make, point, [u])));
    },
  };
}

/** Products that are put together from factors. */
export function factoredProducts(maps: LinearMaps, factors: Factors): BatchProducts {
  const { backend, derivation } = maps;
  const { terms } = factors;
  const run = async (executable: ReturnType<LinearMaps['executable']>, batch: number, x: Tensor): Promise<Tensor> => {
    const inputs = [...tensorsOf(await factors.ofBatch(batch)), x];
    return (await backend.run(await executable, inputs))[0]!;
  };
  return {
    tangent: async (batch, v) => {
      const k = v.shape[0]!;
      const make = () => factoredTangentProgram(derivation, terms, k);
      return run(maps.executable(`factored-tangent${k}`, make), batch, v);
    },
    cotangent: async (batch, u) => {
      const k = u.shape[0]!;
      const make = () => factoredCotangentProgram(derivation, terms, k);
      return run(maps.executable(`factored-cotangent${k}`, make), batch, u);
    },
  };
}
