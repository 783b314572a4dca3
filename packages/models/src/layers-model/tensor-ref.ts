import { FormatError } from '@ntk/tensor';
import { excerpt, type JsonObject, type JsonPlace } from '../json.ts';

/** A result of a call of a layer. */
export interface TensorRef {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

/**
 * Reads a list of inputs or outputs of a model: [[name, call, output], …], or a single bare one as Keras 3 writes it.
 *
 * @throws {FormatError} if it is anything else
 */
export function readTensorRefs(json: unknown, place: JsonPlace): TensorRef[] {
  const list = isRef(json) ? [json] : json;
  if (Array.isArray(list) && list.length > 0 && list.every(isRef)) return list.map(toRef);
  throw malformed(json, place);
}

/** One call of a layer. */
export interface CallEntry {
  readonly inputs: readonly TensorRef[];
  /** Tensors that the call names: the 'value' of an attention, the 'initial_state' of a recurrent layer. */
  readonly named: Readonly<Record<string, readonly TensorRef[]>>;
  /** What else the call names, such as use_causal_mask. */
  readonly options: JsonObject;
}

/** A call that reads tensors and says nothing more. */
export function plainCall(inputs: readonly TensorRef[]): CallEntry {
  return { inputs, named: {}, options: {} };
}

/** All tensors that a call reads. */
export function refsOfCall({ inputs, named }: CallEntry): TensorRef[] {
  return [...inputs, ...Object.values(named).flat()];
}

/** The call with every reference changed. */
export function mapRefs({ inputs, named, options }: CallEntry, change: (ref: TensorRef) => TensorRef): CallEntry {
  const entries = Object.entries(named).map(([name, refs]) => [name, refs.map(change)] as const);
  return { inputs: inputs.map(change), named: Object.fromEntries(entries), options };
}

/**
 * Reads the calls of a layer.
 *
 * Keras 2 and tfjs write a call as [[name, call, output, options], …], or as that entry alone; Keras 3 as { args, kwargs } with
 * tensors anywhere inside.
 *
 * @throws {FormatError} if it is anything else
 */
export function readCalls(json: readonly unknown[], place: JsonPlace): CallEntry[] {
  return json.map((call) => {
    if (isRef(call)) return { inputs: [toRef(call)], ...readOptions(call[3], listedTensors) };
    if (Array.isArray(call)) {
      if (call.every(isRef)) return { inputs: call.map(toRef), ...readOptions(call[0]?.[3], listedTensors) };
    } else if (typeof call === 'object' && call !== null && 'args' in call) {
      const { args, kwargs } = call as JsonObject;
      return { inputs: kerasTensors(args), ...readOptions(kwargs, kerasTensors) };
    }
    throw malformed(call, place);
  });
}

/** Sorts what a call names into tensors and the rest; what is null says nothing. */
function readOptions(json: unknown, tensorsIn: (json: unknown) => TensorRef[]): Pick<CallEntry, 'named' | 'options'> {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  const entries = Object.entries(isObject ? (json as JsonObject) : {}).filter(([, value]) => value !== null);
  const tensors = entries.map(([name, value]) => [name, tensorsIn(value)] as const);
  return {
    named: Object.fromEntries(tensors.filter(([, refs]) => refs.length > 0)),
    options: Object.fromEntries(entries.filter((_, i) => tensors[i]![1].length === 0)),
  };
}

type Ref = readonly [layer: string, call: number, output: number, ...rest: readonly unknown[]];

function isRef(json: unknown): json is Ref {
  return Array.isArray(json) && typeof json[0] === 'string' && Number.isInteger(json[1]) && Number.isInteger(json[2]);
}

function toRef([layer, call, output]: Ref): TensorRef {
  return { layer, call, output };
}

/** Tensors as Keras 2 names them: one entry, or a list of them. */
function listedTensors(json: unknown): TensorRef[] {
  if (isRef(json)) return [toRef(json)];
  return Array.isArray(json) && json.every(isRef) ? json.map(toRef) : [];
}

function kerasTensors(json: unknown): TensorRef[] {
  if (Array.isArray(json)) return json.flatMap(kerasTensors);
  const history = ((json as JsonObject | null)?.['config'] as JsonObject | null | undefined)?.['keras_history'];
  return isRef(history) ? [toRef(history)] : [];
}

function malformed(json: unknown, place: JsonPlace): FormatError {
  return new FormatError(
    `${place.file}: got ${excerpt(json)} in ${place.path}, expected [layer, call, output] entries; export the model again`,
  );
}
