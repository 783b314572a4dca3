import { ShapeError, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import type { JsonObject, JsonPlace } from '../json.ts';
import type { Activated } from '../outputs/activated.ts';

/** A weight that a layer reads. Its shape is known only once the layer's inputs are. */
export interface WeightSlot {
  /** The last part of the weight's name in a file: 'kernel'. */
  readonly name: string;
  /** False for moving statistics. */
  readonly trainable: boolean;
}

/** One call of a layer: what it reads, and the Program it writes to. */
export interface LayerCall {
  readonly builder: ProgramBuilder;
  readonly inputs: readonly Value[];
  /** Records softmax and sigmoid values. Layers write to it by `activate`. */
  readonly activated: Map<Value, Activated>;
  /**
   * The value of a weight slot.
   *
   * @throws {ShapeError} if the file's weight has another shape
   */
  readonly weight: (slot: string, shape: Shape) => Value;
}

/** A layer of one network: its configuration, understood. */
export interface Layer {
  /** In the order in which Keras numbers them. */
  readonly slots: readonly WeightSlot[];
  /** True if the layer acts alike on every entry of all axes but the last, so that a wrapper over time steps changes nothing. */
  readonly pointwise: boolean;
  /** Names beside the layer's own under which a file may store its weights. */
  readonly aliases?: readonly string[];
  /** Emits the layer's function. Axis 0 holds examples and must not enter an attribute. */
  readonly emit: (call: LayerCall) => Value;
}

/** What a kind of layer may ask for while it reads a configuration. */
export interface LayerContext {
  readonly place: JsonPlace;
  /** Major version of the Keras that wrote the file; some defaults and formulas changed with 3. */
  readonly kerasVersion: number;
  /** Notes something in the configuration that is not supported, and what is. All of a file's notes are reported at once. */
  readonly unsupported: (what: string, supported: string) => void;
}

/** Understands the configurations of one class of layers. */
export type LayerKind = (config: JsonObject, context: LayerContext) => Layer;

/** The only input of a call. */
export function onlyInput(call: LayerCall): Value {
  if (call.inputs.length !== 1) throw new ShapeError(`got ${call.inputs.length} inputs, expected one`);
  return call.inputs[0]!;
}

/** A layer without weights and of one input, elementwise over all axes but the last. */
export function pointwiseLayer(emit: (call: LayerCall, x: Value) => Value): Layer {
  return { slots: [], pointwise: true, emit: (call) => emit(call, onlyInput(call)) };
}

/** A layer without weights and of one input that moves or mixes axes. */
export function shapingLayer(emit: (builder: ProgramBuilder, x: Value) => Value): Layer {
  return { slots: [], pointwise: false, emit: (call) => emit(call.builder, onlyInput(call)) };
}
