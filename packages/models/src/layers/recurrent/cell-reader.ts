import { z } from 'zod';
import { readActivation } from '../../activations/activation.ts';
import { checkJson, type JsonObject } from '../../json.ts';
import type { Cell, Function1 } from '../../recurrence/cell.ts';
import type { LayerCall, LayerContext, WeightSlot } from '../layer.ts';

/** A cell of Keras, its configuration understood. */
export interface CellReader {
  readonly slots: readonly WeightSlot[];
  /** Of its output. */
  readonly units: number;
  /** Axes of a sequence: 3, [n, steps, channels], or 5, of images. */
  readonly axes: 3 | 5;
  /** @param inputs - channels of the sequence */
  readonly build: (call: LayerCall, inputs: number) => Cell;
}

/** Understands the configurations of one class of cells. */
export type CellKind = (config: JsonObject, context: LayerContext) => CellReader;

const gatedSchema = z.object({ recurrent_activation: z.unknown().optional() });

/** The activation of the gates. */
export function gateActivation(config: JsonObject, context: LayerContext): (call: LayerCall) => Function1 {
  const { recurrent_activation: named } = checkJson(gatedSchema, config, context.place);
  const activate = readActivation(named === undefined ? 'sigmoid' : named, context);
  return (call) => (x) => activate(call, x);
}

/** Stands for a cell that was noted as unsupported. */
export const noCell: CellReader = {
  slots: [],
  units: 1,
  axes: 3,
  build: () => ({ states: 1, prepare: (x) => x, step: (prepared) => [prepared] }),
};
