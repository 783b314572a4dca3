import {
  ProgramBuilder,
  ShapeError,
  UnsupportedError,
  allocate,
  makeNetwork,
  sizeOf,
  stridesOf,
  type Network,
  type Shape,
  type TypedArray,
  type Value,
} from '@ntk/tensor';
import { checkFinite } from '../check-finite.ts';
import type { OutputMode } from '../outputs/output-mode.ts';
import { splitOutputs, type SplitOutputs } from '../outputs/split-outputs.ts';
import { evaluate, neededNodes, type Graph, type GraphNode } from './evaluate.ts';
import { formatExtents } from './extent.ts';
import { declareGraphInputs, type GraphInput } from './graph-inputs.ts';
import { staticTensor } from './static.ts';
import type { StaticTensor, Traced, View, WeightRequest } from './traced.ts';
import { Tracer } from './tracer.ts';
import { exampleAxisOf, extentsOf, materialize } from './view.ts';
import { layersOf } from './weight-layers.ts';

/** A graph as a source of networks reads it from a file. */
export interface GraphModel<N extends GraphNode> extends Graph<N> {
  readonly name: string;
  /** Of `meta.source`. */
  readonly source: string;
  readonly inputs: readonly GraphInput[];
  /** Names of the values to give. */
  readonly outputs: readonly string[];
  /** Weights and constants, by name. */
  readonly tensors: ReadonlyMap<string, StaticTensor>;
  /** The number of examples that the file was made for, or null if for any. */
  readonly fixedExamples: number | null;
  readonly notes: readonly string[];
}

/**
 * A Network from a graph.
 *
 * The graph is traced twice: once to learn which weights it reads, and in which order, as a Program declares its inputs first; once to emit it.
 *
 * @throws {UnsupportedError} listing all operations that are not supported
 * @throws {FormatError} naming a weight with an entry that is not finite
 * @throws {ShapeError} naming the node whose operands do not fit, or that mixes examples
 */
export function buildFromGraph<N extends GraphNode>(
  model: GraphModel<N>,
  options: { readonly outputMode: OutputMode },
): Network {
  const inputs = new Set(model.inputs.map(({ name }) => name));
  const nodes = neededNodes(model, model.outputs, (name) => inputs.has(name) || model.tensors.has(name));
  const requests = new Map<string, WeightRequest>();
  trace(model, nodes, options.outputMode, (builder) => (request) => {
    const known = requests.get(request.name);
    requests.set(request.name, known ? joined(known, request) : request);
    // Stands for the weight: each has a value of its own, and nothing is computed.
    return builder.broadcastTo(builder.scalar([...requests.keys()].indexOf(request.name) + 1), exposedShape(request));
  });
  const weights = [...requests.values()];
  const { builder, tracer, split, notes } = trace(model, nodes, options.outputMode, (own) => {
    const values = new Map(weights.map((request) => [request.name, own.input(request.name, exposedShape(request))]));
    return ({ name }) => values.get(name)!;
  });
  const layers = layersOf(
    weights.map(({ name }) => ({ name, reader: tracer.readers.get(name)! })),
    tracer.biases,
  );
  const { outputActivation } = split;
  const values = weights.map(exposedValues);
  weights.forEach(({ name }, i) => checkFinite(values[i]!, name, model.label));
  return makeNetwork({
    program: builder.build(),
    parameters: weights.map((request) => ({
      name: request.name,
      layer: layers.get(request.name)!,
      shape: exposedShape(request),
      trainable: request.trainable,
    })),
    values,
    meta: {
      name: model.name,
      source: model.source,
      notes: [...model.notes, ...notes, ...tracer.notes, ...split.notes, ...layoutNotes(weights)],
      ...(outputActivation && { outputActivation }),
    },
  });
}

type ParameterSource = (builder: ProgramBuilder) => (request: WeightRequest) => Value;

interface Trace {
  readonly builder: ProgramBuilder;
  readonly tracer: Tracer;
  readonly split: SplitOutputs;
  readonly notes: readonly string[];
}

function trace<N extends GraphNode>(
  model: GraphModel<N>,
  nodes: readonly N[],
  outputMode: OutputMode,
  parameters: ParameterSource,
): Trace {
  const builder = new ProgramBuilder(model.name);
  const inputs = declareGraphInputs(builder, model.inputs, model.label);
  const parameter = parameters(builder);
  const tracer = new Tracer(builder, { parameter, input: inputs.x, fixedExamples: model.fixedExamples });
  const values = new Map<string, Traced>(model.tensors);
  inputs.views().forEach((view, i) => values.set(model.inputs[i]!.name, view));
  values.set('', staticTensor('float', [0], []));
  evaluate(tracer, model, nodes, values);
  const outputs = model.outputs.map((name) => outputOf(tracer, values.get(name)!, { name, label: model.label }));
  const split = splitOutputs(builder, outputs, { activated: tracer.activated, outputMode });
  builder.output('f', split.value);
  return { builder, tracer, split, notes: inputs.notes };
}

/** An output as [n, c], its axes joined in order, with the activation that ends it, if one does. */
function outputOf(tracer: Tracer, traced: Traced, place: { readonly name: string; readonly label: string }): Value {
  const b = tracer.builder;
  const view = tracer.view(traced);
  const extents = extentsOf(b, view);
  if (!view.examples || exampleAxisOf(view) !== 0 || view.axes[0]!.length !== 1)
    throw new ShapeError(
      `${place.label}: got the output '${place.name}' of ${formatExtents(extents)}, expected the examples along its first axis`,
    );
  const flat = (own: View): Value => materialize(b, { ...own, axes: [[0], own.axes.slice(1).flat()] });
  const value = flat(view);
  if (view.axes.filter((list) => list.length > 0).length > 2)
    tracer.note(`the output '${place.name}' of ${formatExtents(extents)} is flattened, its last axis fastest`);
  const activated = tracer.activated.get(view.value);
  if (activated) tracer.activated.set(value, { ...activated, logits: flat({ ...view, value: activated.logits }) });
  return value;
}

function joined(known: WeightRequest, request: WeightRequest): WeightRequest {
  if (String(known.permutation) !== String(request.permutation))
    throw new UnsupportedError(
      `got the weight '${known.name}' as a filter and as something else, expected one use; store it twice`,
    );
  return request.trainable ? { ...known, trainable: true } : known;
}

function exposedShape({ shape, permutation }: WeightRequest): Shape {
  return permutation ? permutation.map((axis) => shape[axis]!) : shape;
}

function exposedValues(request: WeightRequest): TypedArray {
  const { permutation, shape } = request;
  const values = request.values();
  if (permutation === undefined) return values;
  const target = exposedShape(request);
  const strides = stridesOf(shape);
  const own = stridesOf(target);
  const result = allocate(values instanceof Float64Array ? 'float64' : 'float32', sizeOf(shape));
  for (let at = 0; at < result.length; at++) {
    let from = 0;
    permutation.forEach((axis, j) => (from += (Math.floor(at / own[j]!) % target[j]!) * strides[axis]!));
    result[at] = values[from]!;
  }
  return result;
}

function layoutNotes(weights: readonly WeightRequest[]): string[] {
  const moved = weights.filter(({ permutation }) => permutation).length;
  if (moved === 0) return [];
  return [
    `${moved} filter${moved === 1 ? ' is' : 's are'} exposed in TensorFlow's order, [height, width, inputs, outputs] (transposed: outputs, inputs), not in the file's; the names are the file's`,
  ];
}
