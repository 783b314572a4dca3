import { OptionError, type Network } from '@ntk/tensor';

/**
 * Which layers to linearise: all of them, the last one with parameters, the last few, or some by name.
 * Layers are counted in the order of the network's parameters.
 */
export type LayerSelection = 'all' | 'last' | { readonly top: number } | { readonly names: readonly string[] };

/** Layers that have trainable parameters, in order. */
export function trainableLayers(network: Network): string[] {
  return [
    ...new Set(network.parameters.filter((parameter) => parameter.trainable).map((parameter) => parameter.layer)),
  ];
}

/**
 * Positions, in `network.parameters`, of the trainable parameters of the selected layers.
 *
 * @throws {OptionError} if a layer does not exist, or nothing trainable is left
 */
export function selectParameters(network: Network, selection: LayerSelection): number[] {
  const layers = new Set(selectLayers(trainableLayers(network), selection));
  return network.parameters.flatMap((parameter, i) => (parameter.trainable && layers.has(parameter.layer) ? [i] : []));
}

function selectLayers(available: readonly string[], selection: LayerSelection): readonly string[] {
  if (available.length === 0)
    throw new OptionError('layers: the network has no trainable parameters, so there is nothing to linearise');
  if (selection === 'all') return available;
  if (selection === 'last') return available.slice(-1);
  if ('top' in selection) {
    if (!Number.isInteger(selection.top) || selection.top < 1 || selection.top > available.length) {
      throw new OptionError(`layers: got top ${selection.top}, expected an integer from 1 to ${available.length}`);
    }
    return available.slice(-selection.top);
  }
  const unknown = selection.names.filter((name) => !available.includes(name));
  if (unknown.length > 0 || selection.names.length === 0) {
    throw new OptionError(`layers: got '${unknown.join("', '")}', expected some of: ${available.join(', ')}`);
  }
  return selection.names;
}
