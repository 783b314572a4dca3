import { OptionError, type Network } from '@ntk/tensor';
import leven from 'leven';

/**
 * Which layers to linearise: all of them, the last one with parameters, the last few, some by name, or those whose names fit a pattern, in which `*`
 * stands for any characters and `?` for one. Layers are counted in the order in which the network uses them.
 */
export type LayerSelection =
  | 'all'
  | 'last'
  | { readonly top: number }
  | { readonly names: readonly string[] }
  | { readonly pattern: string };

/**
 * Layers that have trainable parameters, in the order of their first use; what is never used comes first.
 *
 * The order of parameters says less: a file may hold them sorted by name.
 */
export function trainableLayers({ parameters, program }: Network): string[] {
  const firstUse = new Map<string, number>();
  parameters.forEach(({ layer, trainable }, i) => {
    if (!trainable) return;
    // The Program's inputs are x, then the parameters.
    const use = program.nodes.findIndex((node) => node.inputs.includes(i + 1));
    const earlier = firstUse.get(layer);
    if (earlier === undefined || earlier < 0 || (use >= 0 && use < earlier)) firstUse.set(layer, use);
  });
  return [...firstUse.keys()].sort((a, b) => firstUse.get(a)! - firstUse.get(b)!);
}

/**
 * Positions, in `network.parameters`, of the trainable parameters of the selected layers.
 *
 * @throws {OptionError} if a layer does not exist, no layer fits a pattern, or nothing trainable is left
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
  if ('top' in selection) return topLayers(available, selection.top);
  return 'pattern' in selection ? fittingLayers(available, selection.pattern) : namedLayers(available, selection.names);
}

function topLayers(available: readonly string[], top: number): readonly string[] {
  if (!Number.isInteger(top) || top < 1 || top > available.length) {
    throw new OptionError(`layers: got top ${top}, expected an integer from 1 to ${available.length}`);
  }
  return available.slice(-top);
}

function namedLayers(available: readonly string[], names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !available.includes(name));
  if (unknown.length === 0 && names.length > 0) return names;
  const got = unknown.length === 0 ? 'no names' : `'${unknown.join("', '")}'`;
  throw new OptionError(`layers: got ${got}, expected some of: ${nearest(available, unknown).join(', ')}`);
}

function fittingLayers(available: readonly string[], pattern: string): readonly string[] {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  const expression = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
  const fitting = available.filter((name) => expression.test(name));
  if (fitting.length > 0) return fitting;
  const shown = nearest(available, [pattern.replaceAll(/[*?]/g, '')]);
  throw new OptionError(
    `layers: got the pattern '${pattern}', which no layer fits, expected one for some of: ${shown.join(', ')}; * stands for any characters, ? for one`,
  );
}

/** Names in a message. */
const SHOWN = 8;

/** The names nearest to those that were given, by edit distance; all where they are few. */
function nearest(available: readonly string[], given: readonly string[]): string[] {
  if (available.length <= SHOWN) return [...available];
  const distance = (name: string): number => Math.min(...given.map((other) => leven(name, other)));
  const shown = [...available].sort((a, b) => distance(a) - distance(b)).slice(0, SHOWN);
  return [...shown, `… (${available.length} in all)`];
}
