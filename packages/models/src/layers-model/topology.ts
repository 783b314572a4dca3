import { FormatError } from '@ntk/tensor';
import { z } from 'zod';
import { below, checkJson, excerpt, type JsonObject, type JsonPlace } from '../json.ts';
import {
  mapRefs,
  plainCall,
  readCalls,
  readTensorRefs,
  refsOfCall,
  type CallEntry,
  type TensorRef,
} from './tensor-ref.ts';

/** A layer as a file lists it. */
export interface LayerEntry {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** Where `config` stands. */
  readonly place: JsonPlace;
  /** A layer called twice has the same weights both times. */
  readonly calls: readonly CallEntry[];
  /** The layers inside, if this layer is a model. */
  readonly model?: ModelTopology;
}

/** A model as a graph of layer calls; a Sequential model is a chain. */
export interface ModelTopology {
  readonly name: string;
  readonly layers: ReadonlyMap<string, LayerEntry>;
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

const modelClasses: ReadonlySet<string> = new Set(['Sequential', 'Model', 'Functional']);

const layerSchema = z.object({
  class_name: z.string(),
  name: z.string().optional(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(z.unknown()).default([]),
});

const sequentialSchema = z.object({ name: z.string().default('sequential'), layers: z.array(z.unknown()).min(1) });

const functionalSchema = z.object({
  name: z.string().default('model'),
  layers: z.array(z.unknown()).min(1),
  input_layers: z.unknown().optional(),
  output_layers: z.unknown().optional(),
});

/**
 * Reads a model's configuration, with those of the models inside it.
 *
 * @param place - where the member with class_name and config stands
 * @throws {FormatError} if the configuration is damaged: a member of a wrong type, two layers of one name, a call of a layer that is not there
 */
export function readTopology(className: string, config: unknown, place: JsonPlace): ModelTopology {
  if (!modelClasses.has(className)) {
    throw new FormatError(
      `${place.file}: got ${excerpt(className)} at ${below(place, 'class_name').path}, expected Sequential, Model or Functional; export the whole model`,
    );
  }
  return className === 'Sequential'
    ? sequential(config, below(place, 'config'))
    : functional(config, below(place, 'config'));
}

/** A chain: layer i reads layer i - 1, the first reads an input layer that is made up if the file has none. */
function sequential(config: unknown, place: JsonPlace): ModelTopology {
  // Keras before 2.2.3 wrote the bare list of layers.
  const { name, layers: list } = checkJson(
    sequentialSchema,
    Array.isArray(config) ? { layers: config } : config,
    place,
  );
  const below_ = (i: number): JsonPlace => (Array.isArray(config) ? below(place, i) : below(place, 'layers', i));
  const entries = list.map((layer, i) => readLayer(layer, below_(i)));
  const first = entries[0]!;
  const input =
    first.className === 'InputLayer' ? [] : [inputLayerFor(first, (config as JsonObject)['build_input_shape'])];
  const chain = [...input, ...entries].map(
    (entry, i, all): LayerEntry => ({
      ...entry,
      calls: [plainCall(i === 0 ? [] : [{ layer: all[i - 1]!.name, call: 0, output: 0 }])],
    }),
  );
  const end = (entry: LayerEntry): TensorRef => ({ layer: entry.name, call: 0, output: 0 });
  return { name, layers: byName(chain, place), inputs: [end(chain[0]!)], outputs: [end(chain.at(-1)!)] };
}

function inputLayerFor(first: LayerEntry, buildShape: unknown): LayerEntry {
  const { batch_input_shape: old, batch_shape: recent } = first.config;
  const nested = first.model && inputShapes(first.model)[0]?.shape;
  const config = { batch_input_shape: old ?? recent ?? nested ?? buildShape };
  return { name: `${first.name}_input`, className: 'InputLayer', config, place: first.place, calls: [plainCall([])] };
}

function functional(config: unknown, place: JsonPlace): ModelTopology {
  const {
    name,
    layers: list,
    input_layers: inputs,
    output_layers: outputs,
  } = checkJson(functionalSchema, config, place);
  const listed = {
    entries: list.map((layer, i) => readLayer(layer, below(place, 'layers', i))),
    inputs: readTensorRefs(inputs, below(place, 'input_layers')),
    outputs: readTensorRefs(outputs, below(place, 'output_layers')),
  };
  const graph = countingListedCalls(listed);
  const layers = byName(graph.entries, place);
  const dangling = refsOf(graph).find((ref) => layers.get(ref.layer)?.calls[ref.call] === undefined);
  if (dangling) {
    throw new FormatError(
      `${place.file}: got a reference to call ${dangling.call} of the layer '${dangling.layer}' in ${place.path}, expected one that is listed there; export the model again`,
    );
  }
  return { name, layers, inputs: graph.inputs, outputs: graph.outputs };
}

interface Graph {
  readonly entries: readonly LayerEntry[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

function refsOf({ entries, inputs, outputs }: Graph): TensorRef[] {
  return [...inputs, ...outputs, ...entries.flatMap((entry) => entry.calls.flatMap(refsOfCall))];
}

/**
 * Files count the calls of an inner model from 1, because call 0 is the one that built it and is not listed (unless it was
 * built without an input). Here they are counted as listed, from 0.
 */
function countingListedCalls(graph: Graph): Graph {
  const first = new Map<string, number>();
  for (const { layer, call } of refsOf(graph)) first.set(layer, Math.min(call, first.get(layer) ?? Infinity));
  const inner = new Set(
    graph.entries.flatMap((entry) => (entry.model && (first.get(entry.name) ?? 0) > 0 ? entry.name : [])),
  );
  const shift = (ref: TensorRef): TensorRef => (inner.has(ref.layer) ? { ...ref, call: ref.call - 1 } : ref);
  return {
    entries: graph.entries.map((entry) => ({ ...entry, calls: entry.calls.map((call) => mapRefs(call, shift)) })),
    inputs: graph.inputs.map(shift),
    outputs: graph.outputs.map(shift),
  };
}

function readLayer(json: unknown, place: JsonPlace): LayerEntry {
  const layer = checkJson(layerSchema, json, place);
  const name = layer.name ?? layer.config['name'];
  if (typeof name !== 'string' || name === '') {
    throw new FormatError(
      `${place.file}: got ${excerpt(name)} at ${below(place, 'config', 'name').path}, expected the layer's name; export the model again`,
    );
  }
  const { class_name: className, config } = layer;
  const calls =
    className === 'InputLayer' ? [plainCall([])] : readCalls(layer.inbound_nodes, below(place, 'inbound_nodes'));
  const entry = { name, className, config, place: below(place, 'config'), calls };
  return modelClasses.has(className) ? { ...entry, model: readTopology(className, config, place) } : entry;
}

function byName(entries: readonly LayerEntry[], place: JsonPlace): ReadonlyMap<string, LayerEntry> {
  const layers = new Map<string, LayerEntry>();
  for (const entry of entries) {
    if (layers.has(entry.name))
      throw new FormatError(
        `${place.file}: got two layers named '${entry.name}' in ${place.path}, expected unique names; rename one and export the model again`,
      );
    layers.set(entry.name, entry);
  }
  return layers;
}

/** The declared shape of every input of a model: the batch extent first, null where an extent is open, undefined where nothing is declared. */
export function inputShapes(model: ModelTopology): { readonly name: string; readonly shape: unknown }[] {
  return model.inputs.map(({ layer }) => {
    const { batch_input_shape: old, batch_shape: recent } = model.layers.get(layer)!.config;
    return { name: layer, shape: old ?? recent };
  });
}
