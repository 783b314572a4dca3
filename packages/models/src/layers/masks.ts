import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import type { Layer, LayerCall } from './layer.ts';

/**
 * Gives the results of a layer the mask of its inputs where Keras does: after pointwise layers, and those that say so. Others drop it.
 *
 * @throws {UnsupportedError} if inputs have different masks, which versions of Keras join differently
 */
export function passOnMask(layer: Layer, call: LayerCall, outputs: readonly Value[]): void {
  const passes = layer.masking === 'passes on' || (layer.masking === undefined && layer.pointwise);
  const mask = passes ? commonMask(call) : undefined;
  if (mask !== undefined) outputs.forEach((output) => call.masks.set(output, mask));
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
