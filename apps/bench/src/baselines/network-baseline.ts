import { ShapeError, forward, outputCount, type Backend, type DType, type Network, type TypedArray } from '@ntk/tensor';
import type { BaselineData } from './baseline.ts';
import { sizesOf } from './outputs.ts';

/** What a baseline that runs a network needs. */
export interface NetworkBaselineOptions {
  readonly network: Network;
  readonly backend: Backend;
  /** Of the network's arithmetic; float64 by default where the backend has it. */
  readonly dtype?: DType;
}

/** f(x) on the host, [n·c]. */
export async function networkOutputs(options: NetworkBaselineOptions, x: TypedArray): Promise<Float64Array> {
  const { network, backend } = options;
  using outputs = await forward(network, x, { backend, dtype: arithmeticOf(options) });
  return Float64Array.from(await backend.read(outputs));
}

/** The dtype asked for, or float64 where the backend has it. */
export function arithmeticOf({ dtype, backend }: NetworkBaselineOptions): DType {
  return dtype ?? (backend.supports.float64 ? 'float64' : 'float32');
}

/** The number of outputs. @throws {ShapeError} if targets and network differ in it */
export function checkOutputs(where: string, data: BaselineData, network: Network): number {
  const { c } = sizesOf(where, data);
  if (c === outputCount(network)) return c;
  throw new ShapeError(
    `${where}: got ${c} targets an example, expected ${outputCount(network)}, one for each output of the network`,
  );
}
