import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import type { Layer, LayerCall } from './layer.ts';

/** A value, and the mask of its steps if it is a sequence that has one. */
export interface MaskedValue {
  readonly value: Value;
  readonly mask?: Value;
}

/** The masks of a call's operands, by value. */
export function masksOf(operands: readonly MaskedValue[]): Map<Value, Value> {
  return new Map(operands.flatMap(({ value, mask }) => (mask === undefined ? [] : [[value, mask] as const])));
}

/**
 * Gives the results of a layer the mask of its inputs where Keras does: after pointwise layers, and those that say so. Others drop it, or have set it themselves.
 *
 * @throws {UnsupportedError} if inputs have different masks, which versions of Keras join differently
 */
export function withMasks(layer: Layer, call: LayerCall, outputs: readonly Value[]): MaskedValue[] {
  const passes = layer.masking === 'passes on' || (layer.masking === undefined && layer.pointwise);
  const common = passes ? commonMask(call) : undefined;
  return outputs.map((value) => {
    const mask = layer.masking === 'reads' ? call.masks.get(value) : common;
    return mask === undefined ? { value } : { value, mask };
  });
}

/** The mask that inputs share. */
function commonMask({ inputs, masks }: LayerCall): Value | undefined {
  const found = new Set(inputs.flatMap((value) => masks.get(value) ?? []));
  if (found.size > 1)
    throw new UnsupportedError('got inputs with different masks, expected the same; mask the sequence after merging');
  return [...found][0];
}

/** @throws {UnsupportedError} if an input has a mask, for layers that would have to heed it */
export function refuseMask({ inputs, named, masks }: LayerCall): void {
  const read = [...inputs, ...Object.values(named).flat()];
  if (read.some((value) => masks.has(value)))
    throw new UnsupportedError(
      'got a sequence with a mask (of Masking or mask_zero), which this layer does not read; expected none: leave masking out and train again',
    );
}

/** Where entries differ from a value, 1, else 0. */
export function isNot(b: ProgramBuilder, x: Value, value: number): Value {
  return b.sub(b.scalar(1), b.binary('equal', x, b.scalar(value)));
}
