import { FormatError, ProgramError, ShapeError, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import type { LayerCall } from '../layers/layer.ts';
import type { Activated } from '../outputs/activated.ts';
import type { ConfiguredModel } from './configure.ts';
import type { LayerEntry } from './topology.ts';
import type { TensorRef } from './tensor-ref.ts';

/** What emission shares over all models of a file. */
export interface Emission {
  readonly builder: ProgramBuilder;
  readonly label: string;
  readonly activated: Map<Value, Activated>;
  /** The value of a layer's weight, by the layer's path. */
  readonly weight: (layer: string, slot: string, shape: Shape) => Value;
  /** Hears of every call of a layer, in the order of computation. */
  readonly onCall?: (call: { readonly layer: string; readonly className: string; readonly output: Value }) => void;
}

/**
 * Emits a model and those inside it.
 *
 * @param inputs - a value for each input of the model
 * @returns a value for each output
 * @throws {ShapeError} naming the layer whose inputs or weights do not fit
 * @throws {FormatError} if layers read each other in a circle, or an input has the wrong number
 */
export function emitModel(
  model: ConfiguredModel,
  inputs: readonly Value[],
  emission: Emission,
  path: readonly string[] = [],
): Value[] {
  const { topology } = model;
  if (inputs.length !== topology.inputs.length)
    throw new ShapeError(`got ${inputs.length} inputs, expected ${topology.inputs.length}`);
  const results = new Map<string, readonly Value[] | 'in progress'>(
    topology.inputs.map((ref, i) => [keyOf(ref), [inputs[i]!]]),
  );

  function evaluate(ref: TensorRef): Value {
    const key = keyOf(ref);
    const known = results.get(key);
    const entry = topology.layers.get(ref.layer)!;
    if (known === 'in progress')
      throw new FormatError(
        `${emission.label}: got the layer '${ref.layer}' reading its own output, expected no circle; export the model again`,
      );
    const values = known ?? evaluateCall(entry, entry.calls[ref.call]!, key);
    const value = values[ref.output];
    if (value === undefined)
      throw new FormatError(
        `${emission.label}: got a reference to output ${ref.output} of the layer '${ref.layer}', which has ${values.length}; export the model again`,
      );
    return value;
  }

  function evaluateCall(entry: LayerEntry, refs: readonly TensorRef[], key: string): readonly Value[] {
    results.set(key, 'in progress');
    const values = callLayer(model, entry, refs.map(evaluate), { emission, path: [...path, entry.name] });
    results.set(key, values);
    return values;
  }

  return topology.outputs.map(evaluate);
}

function keyOf(ref: TensorRef): string {
  return `${ref.call} ${ref.layer}`;
}

function callLayer(
  model: ConfiguredModel,
  entry: LayerEntry,
  inputs: readonly Value[],
  { emission, path }: { emission: Emission; path: readonly string[] },
): readonly Value[] {
  const name = path.join('/');
  try {
    const inner = model.models.get(entry.name);
    if (inner) return emitModel(inner, inputs, emission, path);
    const layer = model.layers.get(entry.name);
    if (layer === undefined)
      throw new FormatError(
        `${emission.label}: got no input for '${name}', expected it among the model's inputs; export the model again`,
      );
    const call: LayerCall = {
      builder: emission.builder,
      inputs,
      activated: emission.activated,
      weight: (slot, shape) => emission.weight(name, slot, shape),
    };
    const output = layer.emit(call);
    emission.onCall?.({ layer: name, className: entry.className, output });
    return [output];
  } catch (error) {
    throw located(error, `${emission.label}: layer '${name}' (${entry.className})`);
  }
}

/** Says in which layer a shape does not fit; an inner model has said it already. */
function located(error: unknown, where: string): unknown {
  if (!(error instanceof ShapeError || error instanceof ProgramError) || error.message.includes(': layer '))
    return error;
  return new ShapeError(`${where}: ${error.message}`, { cause: error });
}
