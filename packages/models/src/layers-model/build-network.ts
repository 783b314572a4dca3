import { makeNetwork, type Network, type Shape, type TypedArray } from '@ntk/tensor';
import type { JsonObject } from '../json.ts';
import type { OutputMode } from '../outputs/output-mode.ts';
import { describeTopology } from './model-json.ts';
import { traceModel } from './trace-model.ts';

/** Name of the format in `meta.source` and `meta.topology`. */
export const LAYERS_MODEL = 'tfjs-layers-model';

/** A weight of a model with its values. */
export interface Weight {
  readonly name: string;
  readonly shape: Shape;
  /** Kept by the Network. */
  readonly values: TypedArray;
}

/**
 * A Network from a model's layers and weights.
 *
 * @param topology - as the modelTopology member of a model.json
 * @param weights - in the order of the parameters
 * @throws what `traceModel` throws
 */
export function buildNetwork(
  topology: JsonObject,
  weights: readonly Weight[],
  options: { readonly label: string; readonly outputMode: OutputMode; readonly notes?: readonly string[] },
): Network {
  const { label, outputMode, notes = [] } = options;
  const traced = traceModel(describeTopology(topology, label), weights, { outputMode });
  const { program, parameters, outputActivation } = traced;
  return makeNetwork({
    program,
    parameters,
    values: weights.map(({ values }) => values),
    meta: {
      name: program.name,
      source: LAYERS_MODEL,
      notes: [...traced.notes, ...notes],
      ...(outputActivation && { outputActivation }),
      topology: { format: LAYERS_MODEL, model: topology },
    },
  });
}
