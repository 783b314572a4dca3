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

/**
 * Reads the calls of a layer.
 *
 * Keras 2 and tfjs write a call as [[name, call, output, options], …], or as that entry alone; Keras 3 as { args, kwargs } with
 * tensors anywhere inside.
 *
 * @throws {FormatError} if it is anything else
 */
export function readCalls(json: readonly unknown[], place: JsonPlace): TensorRef[][] {
  return json.map((call) => {
    if (isRef(call)) return [toRef(call)];
    if (Array.isArray(call)) {
      if (call.every(isRef)) return call.map(toRef);
    } else if (typeof call === 'object' && call !== null && 'args' in call) {
      return kerasTensors((call as JsonObject)['args']);
    }
    throw malformed(call, place);
  });
}

type Ref = readonly [layer: string, call: number, output: number, ...rest: readonly unknown[]];

function isRef(json: unknown): json is Ref {
  return Array.isArray(json) && typeof json[0] === 'string' && Number.isInteger(json[1]) && Number.isInteger(json[2]);
}

function toRef([layer, call, output]: Ref): TensorRef {
  return { layer, call, output };
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
