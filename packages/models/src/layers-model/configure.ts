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
  const model = configure(topology, kerasVersion, problems);
  if (problems.length === 0) return model;
  throw new UnsupportedError(
    `${label}: got ${problems.length === 1 ? 'a layer that is' : `${problems.length} layers that are`} not supported: ${problems.join(', ')}; ` +
      `supported are the layers ${['InputLayer', ...layerKinds.keys()].join(', ')} and the activations ${activationNames.join(', ')}`,
  );
}

function configure(topology: ModelTopology, kerasVersion: number, problems: string[]): ConfiguredModel {
  const layers = new Map<string, Layer>();
  const models = new Map<string, ConfiguredModel>();
  for (const entry of topology.layers.values()) {
    if (entry.className === 'InputLayer') continue;
    if (entry.model) models.set(entry.name, configure(entry.model, kerasVersion, problems));
    else configureLayer(entry, kerasVersion, { layers, problems });
  }
  return { topology, layers, models };
}

function configureLayer(
  entry: LayerEntry,
  kerasVersion: number,
  { layers, problems }: { layers: Map<string, Layer>; problems: string[] },
): void {
  const { name, className, config, place } = entry;
  const kind = layerKinds.get(className);
  if (kind === undefined) {
    problems.push(`'${name}' (${className})`);
    return;
  }
  const found: string[] = [];
  layers.set(name, kind(config, { place, kerasVersion, unsupported: (what) => found.push(what) }));
  if (found.length > 0) problems.push(`'${name}' (${className} with ${found.join(' and ')})`);
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
