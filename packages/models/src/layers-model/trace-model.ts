import {
  ProgramBuilder,
  ShapeError,
  formatShape,
  sameShape,
  type OutputActivation,
  type Parameter,
  type Program,
  type Shape,
  type Value,
} from '@ntk/tensor';
import { formatExample } from '../layers/axes.ts';
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
  const outputs = emitModel(model, inputs.slices(), {
    builder,
    label,
    activated,
    masks: new Map(),
    weight: weightReader(weights, values, assignments),
    onCall: ({ layer, className: kind, output }) =>
      calls.push({ layer, className: kind, outputShape: builder.shape(output).slice(1) }),
  });
  outputs.forEach((value) => checkOutput(builder.shape(value), label));
  const split = splitOutputs(builder, outputs, { activated, outputMode });
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
    notes: [...inputs.notes, ...split.notes, ...frozenNotes(weighted)],
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

function checkOutput(shape: Shape, label: string): void {
  if (shape.length !== 2) {
    throw new ShapeError(
      `${label}: got an output of shape ${formatExample(shape)}, expected one axis an example, [null, outputs]; end the model with a Flatten layer`,
    );
  }
}

function frozenNotes(layers: readonly WeightedLayer[]): string[] {
  const frozen = layers.filter((layer) => layer.frozen).length;
  if (frozen === 0) return [];
  return [
    `the file marks ${frozen} of ${layers.length} layers with weights as not trainable; they are linearised with the others unless layers are chosen`,
  ];
}
