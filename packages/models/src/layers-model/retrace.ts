import type { Network } from '@ntk/tensor';
import { LAYERS_MODEL } from './build-network.ts';
import { describeTopology } from './model-json.ts';
import { traceModel, type TracedModel } from './trace-model.ts';

/**
 * The layers of a network, traced again from its topology.
 *
 * @returns undefined if it has none of this format, or if its Program is no longer the one that the layers give
 */
export function retrace(network: Network): TracedModel | undefined {
  const { topology, outputActivation, name } = network.meta;
  if (topology?.format !== LAYERS_MODEL) return undefined;
  const outputMode = outputActivation === undefined ? 'keep' : 'logits';
  const traced = traceModel(describeTopology(topology.model, name), network.parameters, { outputMode });
  return JSON.stringify(traced.program) === JSON.stringify(network.program) ? traced : undefined;
}
