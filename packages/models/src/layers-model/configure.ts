import { UnsupportedError } from '@ntk/tensor';
import type { Layer } from '../layers/layer.ts';
import { listNames } from '../list-names.ts';
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

/** Something in a model that is not supported. */
interface Problem {
  /** 'Conv2D', or 'Dense with the activation …'. */
  readonly what: string;
  readonly layer: string;
  /** What is supported in its place. */
  readonly supported: string;
}

/**
 * Understands the configuration of every layer, and of those in inner models.
 *
 * @throws {UnsupportedError} listing everything in the model that is not supported, and what is
 * @throws {FormatError} naming the first configuration with a wrong member
 */
export function configureModel(topology: ModelTopology, kerasVersion: number, label: string): ConfiguredModel {
  const problems: Problem[] = [];
  const model = configure(topology, [], { kerasVersion, problems });
  if (problems.length === 0) return model;
  const layersOf = new Map<string, Set<string>>();
  for (const { what, layer } of problems) layersOf.set(what, (layersOf.get(what) ?? new Set()).add(`'${layer}'`));
  const listed = [...layersOf].map(([what, layers]) => `${what} (${listNames([...layers])})`).join(', ');
  const supported = [...new Set(problems.map((problem) => problem.supported))].join(', ');
  throw new UnsupportedError(
    `${label}: got ${listed}, which this version does not read; replace it in the model, expected ${supported}`,
  );
}

interface Reading {
  readonly kerasVersion: number;
  /** What was found unsupported so far. */
  readonly problems: Problem[];
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
  const { kerasVersion, problems } = reading;
  const note = (what: string, supported: string): void => void problems.push({ what, layer: path, supported });
  const kind = layerKinds.get(className);
  if (kind === undefined) {
    note(className, `the layers ${['InputLayer', ...layerKinds.keys()].join(', ')}`);
    return undefined;
  }
  return kind(config, {
    place,
    kerasVersion,
    unsupported: (what, supported) => note(`${className} with ${what}`, supported),
  });
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
