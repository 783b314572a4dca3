import {
  alignColumns,
  exampleShape,
  outputCount,
  shapeOf,
  sizeOf,
  useSites,
  type Network,
  type Parameter,
  type Program,
  type Shape,
  type Value,
} from '@ntk/tensor';
import { retrace } from '../layers-model/retrace.ts';

/** One layer of a network. */
export interface LayerDescription {
  /** As in `Parameter.layer`. */
  readonly name: string;
  /** Its class in the file, or the primitive that reads its weights where the file is not known. */
  readonly kind: string;
  /** Of one example, at the layer's first call. */
  readonly outputShape: Shape;
  /** More than one where weights are shared. */
  readonly calls: number;
  /** Entries of all its weights. */
  readonly parameters: number;
  /** Entries that can be linearised. */
  readonly trainable: number;
}

/** What a network is made of. */
export interface NetworkDescription {
  readonly name: string;
  readonly source: string;
  /** Of one example. */
  readonly inputShape: Shape;
  readonly outputs: number;
  /** In the order of computation. Without the file's layers, only those with weights. */
  readonly layers: readonly LayerDescription[];
  readonly parameters: number;
  readonly trainable: number;
  readonly outputActivation?: 'softmax' | 'sigmoid';
  readonly notes: readonly string[];
}

/** Describes a network layer by layer. Cost: none of the network's. */
export function describeNetwork(network: Network): NetworkDescription {
  const { meta, parameters } = network;
  const { outputActivation } = meta;
  return {
    name: meta.name,
    source: meta.source,
    inputShape: exampleShape(network),
    outputs: outputCount(network),
    layers: layersOf(network),
    ...counts(parameters),
    ...(outputActivation && { outputActivation }),
    notes: meta.notes,
  };
}

interface Call {
  readonly layer: string;
  readonly className: string;
  readonly outputShape: Shape;
}

function layersOf(network: Network): LayerDescription[] {
  const layers = new Map<string, Call[]>();
  for (const call of retrace(network)?.calls ?? parameterCalls(network)) {
    layers.set(call.layer, [...(layers.get(call.layer) ?? []), call]);
  }
  return [...layers].map(([name, calls]) => ({
    name,
    kind: calls[0]!.className,
    outputShape: calls[0]!.outputShape,
    calls: calls.length,
    ...counts(network.parameters.filter(({ layer }) => layer === name)),
  }));
}

/** A call for each layer with weights, told from the first place where the first of them is computed with. */
function parameterCalls({ program, parameters }: Network): Call[] {
  const calls = new Map<string, Call>();
  parameters.forEach(({ layer }, i) => {
    const site = useSites(program, i)[0]?.value;
    if (site === undefined || calls.has(layer)) return;
    const { op, value } = computedWith(program, site);
    calls.set(layer, { layer, className: op, outputShape: shapeOf(program, value).slice(1) });
  });
  return [...calls.values()];
}

/** The node that computes with a value, after those that only move its entries. */
function computedWith(program: Program, site: Value): { readonly op: string; readonly value: Value } {
  const moving = new Set<string>(['reshape', 'transpose', 'slice', 'concat', 'broadcastTo']);
  for (let value = site; ; ) {
    const { op } = program.nodes[value - program.inputs.length]!;
    const reader = program.nodes.findIndex(({ inputs }) => inputs.includes(value));
    if (!moving.has(op) || reader === -1) return { op, value };
    value = program.inputs.length + reader;
  }
}

function counts(parameters: readonly Parameter[]): { parameters: number; trainable: number } {
  const total = (list: readonly Parameter[]): number => list.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { parameters: total(parameters), trainable: total(parameters.filter(({ trainable }) => trainable)) };
}

/**
 * A description as text: a table with a row for each layer, then totals and notes.
 *
 *     layer    kind   output  parameters  trainable
 *     dense    Dense    [64]         192        192
 *     dense_1  Dense     [2]         130        130
 *     input [2], 2 outputs, 322 parameters, 322 trainable
 */
export function formatDescription(description: NetworkDescription): string {
  const { layers, inputShape, outputs, parameters, trainable, notes } = description;
  const header = ['layer', 'kind', 'output', 'parameters', 'trainable'];
  const rows = layers.map((layer) => [
    layer.calls > 1 ? `${layer.name} (${layer.calls} calls)` : layer.name,
    layer.kind,
    `[${layer.outputShape.join(', ')}]`,
    String(layer.parameters),
    String(layer.trainable),
  ]);
  const lines = alignColumns([header, ...rows], [2, 3, 4]);
  const total = `input [${inputShape.join(', ')}], ${outputs} output${outputs === 1 ? '' : 's'}, ${parameters} parameters, ${trainable} trainable`;
  return [...lines, total, ...notes.map((note) => `note: ${note}`)].join('\n');
}
