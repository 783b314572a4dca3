import { ortBackend } from '@ntk/backend-ort';
import { kernelMatrix, linearize } from '@ntk/jacobian';
import type { Reference } from '@ntk/reference';
import { cpuBackend, type Backend, type DType, type Network } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { expect } from 'vitest';
import { apply } from './apply.ts';
import { placesIn, type ParameterMap } from './parameter-map.ts';

/** One network, read from one of its files. */
export interface Source {
  readonly network: Network;
  /** Its weights by the names of the LayersModel, in which golden values are laid out. */
  readonly map: ParameterMap;
}

/** Where to compare. */
export const backends: Readonly<Record<string, { readonly open: () => Promise<Backend>; readonly dtype: DType }>> = {
  'cpu, float64': { open: () => Promise.resolve(cpuBackend()), dtype: 'float64' },
  'ort, float64': { open: () => ortBackend(), dtype: 'float64' },
  'ort, float32': { open: () => ortBackend(), dtype: 'float32' },
};

/** Ten times the tolerances of the golden values. */
const TOLERANCE: Readonly<Record<DType, number>> = { float64: 1e-11, float32: 1e-5 };

/** Vectors [k, p] whose entry i is at places[i] in the result. */
function scatter(vectors: Float64Array, places: Int32Array): Float64Array {
  const result = new Float64Array(vectors.length);
  vectors.forEach((value, at) => {
    const i = at % places.length;
    result[at - i + places[i]!] = value;
  });
  return result;
}

/** The opposite. */
function collect(vectors: Float64Array, places: Int32Array): Float64Array {
  return vectors.map((_, at) => vectors[at - (at % places.length) + places[at % places.length]!]!);
}

/** Outputs, J v, Jᵀ u and the kernel of a network read from one of its files, against the golden values. */
export async function compareGolden(
  reference: Reference,
  { network, map }: Source,
  layers: Network,
  at: string,
): Promise<void> {
  const { open, dtype } = backends[at]!;
  const backend = trackTensors(await open());
  const golden = (key: string): Float64Array => reference.array(key).data;
  const near = (got: ArrayLike<number>, key: string): void =>
    expect(relativeError(got, golden(key)), key).toBeLessThan(TOLERANCE[dtype]);
  {
    using linearization = await linearize(network, golden('X'), { backend, dtype });
    const places = placesIn(network, layers, map);
    near(await backend.read(linearization.outputs), 'f');
    near(await apply(linearization.jacobian, scatter(golden('v'), places)), 'Jv');
    near(collect(await apply(linearization.jacobian.transpose(), golden('u')), places), 'JTu');
    near((await kernelMatrix(linearization)).data, 'ntk');
  }
  expect(backend.describeLive()).toEqual([]);
}
