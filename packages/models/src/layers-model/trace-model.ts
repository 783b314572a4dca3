import {
  ProgramBuilder,
  ShapeError,
  formatShape,
  sameShape,
  sizeOf,
  type OutputActivation,
  type Parameter,
  type Program,
  type Shape,
  type Value,
} from '@ntk/tensor';
import { formatExample, reshapeExamples } from '../layers/axes.ts';
import type { Activated } from '../outputs/activated.ts';
import type { OutputMode } from '../outputs/output-mode.ts';
import { splitOutputs } from '../outputs/split-outputs.ts';
import { assignWeights, type Assignment, type WeightedLayer } from './assign-weights.ts';
import { configureModel, weightedLayers } from './configure.ts';
import { emitModel } from './emit-model.ts';
import { declareInputs } from './model-inputs.ts';
import type { ModelDescription } from './model-json.ts';
import { readTopology } from './topology.ts';

/** The name and shape of a weight in a file. */
export interface WeightShape {
  readonly name: string;
  readonly shape: Shape;
}

/** One call of a layer. */
export interface TracedCall {
  /** Names from the outermost model down, joined by '/'. */
  readonly layer: string;
  readonly className: string;
  /** Of one example. */
  readonly outputShape: Shape;
}

/** A model as a Program of one example. */
export interface TracedModel {
  readonly program: Program;
  readonly parameters: readonly Parameter[];
  /** The slot of each parameter in its layer: 'kernel'. */
  readonly slots: readonly string[];
  readonly calls: readonly TracedCall[];
  readonly outputActivation?: OutputActivation;
  readonly notes: readonly string[];
}

/**
 * Emits the Program of a model.
 *
 * @param weights - in the order of the file, which becomes that of the parameters
 * @throws {UnsupportedError} listing all layers and activations that are not supported
 * @throws {FormatError} if the description is damaged, or weights are missing or left over
 * @throws {ShapeError} naming a layer whose inputs or weights do not fit
 */
export function traceModel(
  { className, config, place, kerasVersion }: ModelDescription,
  weights: readonly WeightShape[],
  { outputMode }: { readonly outputMode: OutputMode },
): TracedModel {
  const label = place.file;
  const topology = readTopology(className, config, place);
  const model = configureModel(topology, kerasVersion, label);
  const weighted = weightedLayers(model);
  const names = weights.map(({ name }) => name);
  const assignments = assignWeights(names, weighted, label);
  const builder = new ProgramBuilder(topology.name);
  const inputs = declareInputs(builder, topology, label);
  const values = weights.map(({ name, shape }) => builder.input(name, shape));
  const activated = new Map<Value, Activated>();
  const calls: TracedCall[] = [];
  const slices = inputs.slices().map((value) => ({ value }));
  const results = emitModel(model, slices, {
    builder,
    label,
    activated,
    weight: weightReader(weights, values, assignments),
    onCall: ({ layer, className: kind, output }) =>
      calls.push({ layer, className: kind, outputShape: builder.shape(output).slice(1) }),
  });
  const outputs = results.map(({ value }) => value);
  const flat = outputs.map((value) => flattened(builder, value, activated));
  const split = splitOutputs(builder, flat, { activated, outputMode });
  builder.output('f', split.value);
  const parameters = weights.map(({ name, shape }, i) => ({
    name,
    layer: assignments[i]!.layer,
    shape,
    trainable: assignments[i]!.trainable,
  }));
  const { outputActivation } = split;
  return {
    program: builder.build(),
    parameters,
    slots: assignments.map(({ slot }) => slot),
    calls,
    notes: [...inputs.notes, ...flatteningNotes(builder, outputs), ...split.notes, ...frozenNotes(weighted)],
    ...(outputActivation && { outputActivation }),
  };
}

/** Looks weights up by layer and slot, and checks that the file's shape is the one that the layer needs. */
function weightReader(
  weights: readonly WeightShape[],
  values: readonly Value[],
  assignments: readonly Assignment[],
): (layer: string, slot: string, shape: Shape) => Value {
  const indexOf = new Map(assignments.map(({ layer, slot }, i) => [JSON.stringify([layer, slot]), i]));
  return (layer, slot, shape) => {
    const index = indexOf.get(JSON.stringify([layer, slot]))!;
    const weight = weights[index]!;
    if (!sameShape(weight.shape, shape)) {
      throw new ShapeError(
        `got the shape ${formatShape(weight.shape)} for the weight '${weight.name}', expected ${formatShape(shape)}; export the model and its weights together`,
      );
    }
    return values[index]!;
  };
}

/** An output as [n, c], its axes joined in order. A sigmoid that ends it still does; a softmax over one of several axes is part of it. */
function flattened(builder: ProgramBuilder, value: Value, activated: Map<Value, Activated>): Value {
  const example = builder.shape(value).slice(1);
  if (example.length === 1) return value;
  const flatten = (own: Value): Value => reshapeExamples(builder, own, [sizeOf(example)]);
  const flat = flatten(value);
  const end = activated.get(value);
  if (end?.activation === 'sigmoid') activated.set(flat, { ...end, logits: flatten(end.logits) });
  return flat;
}

function flatteningNotes(builder: ProgramBuilder, outputs: readonly Value[]): string[] {
  return outputs.flatMap((value) => {
    const shape = builder.shape(value);
    return shape.length === 2 ? [] : [`an output of shape ${formatExample(shape)} is flattened, its last axis fastest`];
  });
}

function frozenNotes(layers: readonly WeightedLayer[]): string[] {
  const frozen = layers.filter((layer) => layer.frozen).length;
  if (frozen === 0) return [];
  return [
    `the file marks ${frozen} of ${layers.length} layers with weights as not trainable; they are linearised with the others unless layers are chosen`,
  ];
}
