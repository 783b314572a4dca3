import { didYouMean, listNames, quoted } from '@ntk/adapt';
import { selectParameters, trainableLayers, type LayerSelection } from '@ntk/jacobian';
import { OptionError, type Network } from '@ntk/tensor';

/**
 * Checks the option --layers against a network.
 *
 * @throws {OptionError} naming the layer that is not there, or how many there are
 */
export function checkLayers(network: Network, selection: LayerSelection): void {
  if (typeof selection === 'string') return;
  const layers = trainableLayers(network);
  const { name } = network.meta;
  if ('top' in selection) {
    if (selection.top <= layers.length) return;
    throw new OptionError(
      `--layers: got top:${selection.top}, and the network '${name}' has ${layers.length} layers with weights (${listNames(layers)}); name at most as many`,
    );
  }
  if ('pattern' in selection) {
    selectParameters(network, selection);
    return;
  }
  const unknown = selection.names.find((layer) => !layers.includes(layer));
  if (unknown === undefined) return;
  throw new OptionError(
    `--layers: the network '${name}' has no layer ${quoted(unknown)} with weights${didYouMean(unknown, layers)}; choose from ${listNames(layers)}`,
  );
}
