import type { Program, Tensor } from '@ntk/tensor';
import type { Batches } from './batches.ts';
import {
  factoredCotangentProgram,
  factoredKernelProgram,
  factoredTangentProgram,
} from './factors/factored-products.ts';
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
  /** J JᵀU: u [k, batchSize·c] to the same shape; where it costs less than one after the other. */
  readonly kernel?: (batch: number, u: Tensor) => Promise<Tensor>;
}

/** Products that follow the network: tangents forward, cotangents backward. */
export function propagatedProducts(maps: LinearMaps, batches: Batches): BatchProducts {
  const { derivation } = maps;
  const run = (key: string, make: () => Program, batch: number, x: Tensor): Promise<Tensor> =>
    batches.use(batch, async (point) => (await maps.run(key, make, point, [x]))[0]!);
  return {
    tangent: (batch, v) => {
      const k = v.shape[0]!;
      return run(`tangent${k}`, () => tangentProgram(derivation, k), batch, v);
    },
    cotangent: (batch, u) => {
      const k = u.shape[0]!;
      return run(`cotangent${k}`, () => cotangentProgram(derivation, k), batch, u);
    },
  };
}

/** Products that are put together from factors. */
export function factoredProducts(maps: LinearMaps, factors: Factors): BatchProducts {
  const { backend, derivation } = maps;
  const { terms } = factors;
  const run = async (key: string, make: () => Program, inputs: readonly Tensor[]): Promise<Tensor> =>
    (await backend.run(await maps.executable(key, make), inputs))[0]!;
  const withTransposed = async (batch: number): Promise<Tensor[]> => [
    ...tensorsOf(await factors.ofBatch(batch)),
    ...(await factors.transposedOfBatch(batch)),
  ];
  return {
    tangent: async (batch, v) => {
      const k = v.shape[0]!;
      const make = () => factoredTangentProgram(derivation, terms, k);
      return run(`factored-tangent${k}`, make, [...tensorsOf(await factors.ofBatch(batch)), v]);
    },
    cotangent: async (batch, u) => {
      const k = u.shape[0]!;
      const make = () => factoredCotangentProgram(derivation, terms, k);
      return run(`factored-cotangent${k}`, make, [...(await withTransposed(batch)), u]);
    },
    kernel: async (batch, u) => {
      const k = u.shape[0]!;
      const make = () => factoredKernelProgram(derivation, terms, k);
      return run(`factored-kernel${k}`, make, [...(await withTransposed(batch)), u]);
    },
  };
}
