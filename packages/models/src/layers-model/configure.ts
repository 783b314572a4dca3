import { UnsupportedError } from '@ntk/tensor';
import { activationNames } from '../activations/activation.ts';
import type { Layer } from '../layers/layer.ts';
import { layerKinds } from '../layers/table.ts';
import type { WeightedLayer } from './assign-weights.ts';
import type { LayerEntry, ModelTopology } from './topology.ts';

/** Every layer of a model, understood, and the models inside it. */
export interface ConfiguredModel {
  readonly topology: ModelTopology;
  /** By layer name; input layers and inner models are not in it. */
  readonly layers: ReadonlyMap<string, Layer>;
  readonly models: ReadonlyMap<string, ConfiguredModel>;
}

/**
 * Understands the configuration of every layer, and of those in inner models.
 *
 * @throws {UnsupportedError} listing everything in the model that is not supported, and all that is
 * @throws {FormatError} naming the first configuration with a wrong member
 */
export function configureModel(topology: ModelTopology, kerasVersion: number, label: string): ConfiguredModel {
  const problems: string[] = [];
  const model = configure(topology, [], { kerasVersion, problems });
  if (problems.length === 0) return model;
  throw new UnsupportedError(
    `${label}: got ${problems.length === 1 ? 'a layer that is' : `${problems.length} layers that are`} not supported: ${problems.join(', ')}; ` +
      `supported are the layers ${['InputLayer', ...layerKinds.keys()].join(', ')} and the activations ${activationNames.join(', ')}`,
  );
}

interface Reading {
  readonly kerasVersion: number;
  /** What was found unsupported so far. */
  readonly problems: string[];
}

function configure(topology: ModelTopology, outer: readonly string[], reading: Reading): ConfiguredModel {
  const layers = new Map<string, Layer>();
  const models = new Map<string, ConfiguredModel>();
  for (const entry of topology.layers.values()) {
    if (entry.className === 'InputLayer') continue;
    const path = [...outer, entry.name];
    if (entry.model) {
      models.set(entry.name, configure(entry.model, path, reading));
    } else {
      const layer = configureLayer(entry, path.join('/'), reading);
      if (layer) layers.set(entry.name, layer);
    }
  }
  return { topology, layers, models };
}

function configureLayer({ className, config, place }: LayerEntry, path: string, reading: Reading): Layer | undefined {
  const kind = layerKinds.get(className);
  const found: string[] = [];
  const { kerasVersion, problems } = reading;
  const layer = kind?.(config, { place, kerasVersion, unsupported: (what) => found.push(what) });
  if (layer === undefined) problems.push(`'${path}' (${className})`);
  else if (found.length > 0) problems.push(`'${path}' (${className} with ${found.join(' and ')})`);
  return layer;
}

/** Every layer with weights, in the order of the file, with its path from the outermost model. */
export function weightedLayers(model: ConfiguredModel, outer: readonly string[] = []): WeightedLayer[] {
  return [...model.topology.layers.values()].flatMap(({ name, config }) => {
    const path = [...outer, name];
    const inner = model.models.get(name);
    if (inner) return weightedLayers(inner, path);
    const layer = model.layers.get(name);
    return layer && layer.slots.length > 0 ? [{ path, layer, frozen: config['trainable'] === false }] : [];
  });
}
