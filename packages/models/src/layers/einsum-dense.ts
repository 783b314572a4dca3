import { ShapeError, type Shape } from '@ntk/tensor';
import { z } from 'zod';
import { readActivation } from '../activations/activation.ts';
import { checkJson } from '../json.ts';
import { formatExample } from './axes.ts';
import { onlyInput, type LayerContext, type LayerKind } from './layer.ts';

const schema = z.object({
  equation: z.string(),
  output_shape: z.union([z.int().nullable(), z.array(z.int().nullable())]),
  bias_axes: z.string().nullish(),
  activation: z.unknown().optional(),
});

/** An equation 'abc,cd->abd', in letters. */
interface Equation {
  readonly inputs: string;
  readonly kernel: string;
  readonly output: string;
}

/**
 * activation(a product of x with a kernel over any axes + bias), the axes named by an equation as those of Einstein's sums.
 *
 * An axis of the kernel is either summed over or one of the output's.
 */
export const einsumDense: LayerKind = (config, context) => {
  const { equation, output_shape: given, bias_axes: biasAxes, activation } = checkJson(schema, config, context.place);
  const activate = readActivation(activation, context);
  return {
    slots: ['kernel', ...(biasAxes ? ['bias'] : [])].map((name) => ({ name, trainable: true })),
    pointwise: false,
    emit: (call) => {
      const { builder: b } = call;
      const x = onlyInput(call);
      const { inputs, kernel, output } = readEquation(equation, b.shape(x).length, context);
      const extents = extentsOf({ inputs, kernel, output }, b.shape(x), [given].flat());
      const shapeOf = (labels: string): number[] => [...labels].map((label) => extents.get(label)!);
      const summed = [...inputs].filter((label) => !output.includes(label)).join('');
      const free = [...inputs].filter((label) => output.includes(label)).join('');
      const written = [...kernel].filter((label) => output.includes(label)).join('');
      const rows = b.transpose(
        x,
        [...(free + summed)].map((label) => inputs.indexOf(label)),
      );
      const weight = b.transpose(
        call.weight('kernel', shapeOf(kernel)),
        [...(summed + written)].map((label) => kernel.indexOf(label)),
      );
      const size = (labels: string): number => shapeOf(labels).reduce((product, extent) => product * extent, 1);
      const inner = b.reshape(rows, [-1, ...shapeOf(free.slice(1)), size(summed)]);
      const product = b.matmul(inner, b.reshape(weight, [size(summed), size(written)]));
      const split = b.reshape(product, [-1, ...shapeOf(free.slice(1) + written)]);
      const result = b.transpose(
        split,
        [...output].map((label) => (free + written).indexOf(label)),
      );
      if (!biasAxes) return activate(call, result);
      const first = Math.min(...[...biasAxes].map((label) => output.indexOf(label)));
      const bias = [...output.slice(first)].map((label) => (biasAxes.includes(label) ? extents.get(label)! : 1));
      return activate(call, b.add(result, call.weight('bias', bias)));
    },
  };
};

/** An equation with letters in place of an ellipsis. */
function readEquation(text: string, rank: number, { place }: LayerContext): Equation {
  const parts = /^([a-zA-Z]*(?:\.{3})?[a-zA-Z]*),([a-zA-Z]+)->([a-zA-Z]*(?:\.{3})?[a-zA-Z]*)$/.exec(
    text.replaceAll(' ', ''),
  );
  const [inputs, kernel, output] = (parts ?? []).slice(1).map((part) => {
    const count = rank - parts![1]!.replace('...', '').length;
    return part.replace('...', '0123456789'.slice(0, Math.max(0, count)));
  }) as [string?, string?, string?];
  const isRead =
    inputs?.length === rank &&
    output?.startsWith(inputs[0]!) &&
    [...kernel!].every((label) => inputs.includes(label) !== output.includes(label)) &&
    [...inputs].every((label) => output.includes(label) !== kernel!.includes(label)) &&
    [...output].every((label) => inputs.includes(label) || kernel!.includes(label)) &&
    [inputs, kernel!, output].every((labels) => new Set(labels).size === labels.length);
  if (!isRead || inputs === undefined || output === undefined)
    throw new ShapeError(
      `got the equation '${text}' at ${place.path} for ${rank} axes, expected one such as 'abc,cd->abd': axes of the kernel are summed over or new`,
    );
  return { inputs, kernel: kernel!, output };
}

/** @param given - of the output without its examples; null for an axis of the input */
function extentsOf(
  { inputs, output }: Equation,
  shape: Shape,
  given: readonly (number | null)[],
): ReadonlyMap<string, number> {
  const extents = new Map([...inputs].map((label, axis) => [label, shape[axis]!] as const));
  [...output.slice(1)].forEach((label, i) => {
    const extent = given[i - (output.length - 1 - given.length)];
    if (!extents.has(label) && extent) extents.set(label, extent);
  });
  const missing = [...output].find((label) => !extents.has(label));
  if (missing !== undefined)
    throw new ShapeError(
      `got the output shape ${formatExample([1, ...given.map((extent) => extent ?? -1)])} without the extent of the axis ${missing}, expected it`,
    );
  return extents;
}
