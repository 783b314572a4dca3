import {
  FormatError,
  ProgramError,
  ShapeError,
  UnsupportedError,
  type ProgramBuilder,
  type Shape,
  type Value,
} from '@ntk/tensor';
import { masksOf, withMasks, type MaskedValue } from '../layers/masks.ts';
import type { LayerCall } from '../layers/layer.ts';
import type { Activated } from '../outputs/activated.ts';
import type { ConfiguredModel } from './configure.ts';
import type { LayerEntry } from './topology.ts';
import type { CallEntry, TensorRef } from './tensor-ref.ts';

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
  inputs: readonly MaskedValue[],
  emission: Emission,
  path: readonly string[] = [],
): MaskedValue[] {
  const { topology } = model;
  if (inputs.length !== topology.inputs.length)
    throw new ShapeError(`got ${inputs.length} inputs, expected ${topology.inputs.length}`);
  const results = new Map<string, readonly MaskedValue[] | 'in progress'>(
    topology.inputs.map((ref, i) => [keyOf(ref), [inputs[i]!]]),
  );

  function evaluate(ref: TensorRef): MaskedValue {
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

  function evaluateCall(entry: LayerEntry, call: CallEntry, key: string): readonly MaskedValue[] {
    results.set(key, 'in progress');
    const named = Object.entries(call.named).map(([name, refs]) => [name, refs.map(evaluate)] as const);
    const operands = { inputs: call.inputs.map(evaluate), named: Object.fromEntries(named), options: call.options };
    const values = callLayer(model, entry, operands, { emission, path: [...path, entry.name] });
    results.set(key, values);
    return values;
  }

  return topology.outputs.map(evaluate);
}

function keyOf(ref: TensorRef): string {
  return `${ref.call} ${ref.layer}`;
}

interface Operands {
  readonly inputs: readonly MaskedValue[];
  readonly named: Readonly<Record<string, readonly MaskedValue[]>>;
  readonly options: LayerCall['options'];
}

function callLayer(
  model: ConfiguredModel,
  entry: LayerEntry,
  operands: Operands,
  { emission, path }: { emission: Emission; path: readonly string[] },
): readonly MaskedValue[] {
  const name = path.join('/');
  try {
    const inner = model.models.get(entry.name);
    if (inner) return emitModel(inner, operands.inputs, emission, path);
    const layer = model.layers.get(entry.name);
    if (layer === undefined)
      throw new FormatError(
        `${emission.label}: got no input for '${name}', expected it among the model's inputs; export the model again`,
      );
    const call = callOf(operands, emission, name);
    const outputs = [layer.emit(call)].flat();
    emission.onCall?.({ layer: name, className: entry.className, output: outputs[0]! });
    return withMasks(layer, call, outputs);
  } catch (error) {
    throw located(error, `${emission.label}: layer '${name}' (${entry.className})`);
  }
}

function callOf(
  { inputs, named, options }: Operands,
  { builder, activated, weight }: Emission,
  layer: string,
): LayerCall {
  const values = (operands: readonly MaskedValue[]): Value[] => operands.map(({ value }) => value);
  return {
    builder,
    inputs: values(inputs),
    named: Object.fromEntries(Object.entries(named).map(([name, operands]) => [name, values(operands)])),
    options,
    activated,
    masks: masksOf([...inputs, ...Object.values(named).flat()]),
    weight: (slot, shape) => weight(layer, slot, shape),
  };
}

/** Says in which layer a shape does not fit; an inner model has said it already. */
function located(error: unknown, where: string): unknown {
  const isOurs = error instanceof ShapeError || error instanceof ProgramError || error instanceof UnsupportedError;
  if (!isOurs || error.message.includes(': layer ')) return error;
  const message = `${where}: ${error.message}`;
  return error instanceof UnsupportedError
    ? new UnsupportedError(message, { cause: error })
    : new ShapeError(message, { cause: error });
}
