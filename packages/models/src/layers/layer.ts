import { ShapeError, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import type { JsonObject, JsonPlace } from '../json.ts';
import type { Activated } from '../outputs/activated.ts';

/** A weight that a layer reads. Its shape is known only once the layer's inputs are. */
export interface WeightSlot {
  /** Unique in the layer. What follows its last '/' ends the weight's name in a file: 'kernel', 'forward/kernel'. */
  readonly name: string;
  /** False for moving statistics. */
  readonly trainable: boolean;
  /** What a file may write between the layer's name and the weight's: the names of the cell or projection that holds it. */
  readonly scopes?: readonly string[];
}

/** One call of a layer: what it reads, and the Program it writes to. */
export interface LayerCall {
  readonly builder: ProgramBuilder;
  readonly inputs: readonly Value[];
  /** Tensors that the call names: the 'value' of an attention, the 'initial_state' of a recurrent layer. */
  readonly named: Readonly<Record<string, readonly Value[]>>;
  /** What else the call names, such as use_causal_mask. */
  readonly options: JsonObject;
  /** Records softmax and sigmoid values. Layers write to it by `activate`. */
  readonly activated: Map<Value, Activated>;
  /** Of operands with steps that are to be skipped: 1 for a step that counts, 0 for one that does not, [n, steps]. Layers add those of their results. */
  readonly masks: Map<Value, Value>;
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
  /** What happens to the mask of a sequence: by default pointwise layers pass on that of their input, others accept none. */
  readonly masking?: 'reads' | 'passes on';
  /** Names beside the layer's own under which a file may store its weights. */
  readonly aliases?: readonly string[];
  /** Emits the layer's function, or functions. Axis 0 holds examples and must not enter an attribute. */
  readonly emit: (call: LayerCall) => Value | readonly Value[];
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
