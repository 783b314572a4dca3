import { sizeOf, type Network } from '@ntk/tensor';

/** Where the weights of one file are in another file of the same network: 'dense/kernel' is 'dense.weight', transposed. */
export type ParameterMap = (name: string) => { readonly name: string; readonly transposed?: boolean };

/** What PyTorch calls the slots of Keras. */
const slots: Readonly<Record<string, string>> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** The map to a file of PyTorch's exporter: its linear layers store [outputs, inputs]. Filters are exposed in the same order. */
export function torchMap({ parameters }: Network): ParameterMap {
  return (name) => {
    const [layer, slot] = name.split('/') as [string, string];
    const rank = parameters.find((parameter) => parameter.name === name)!.shape.length;
    return { name: `${layer}.${slots[slot]!}`, transposed: slot === 'kernel' && rank === 2 };
  };
}

/**
 * For each entry of the trainable weights of `from`, laid out as one vector, its place in that of `to`.
 *
 * @throws {Error} if a weight is not there or has another shape
 */
export function placesIn(to: Network, from: Network, map: ParameterMap): Int32Array {
  const starts = new Map<string, { readonly start: number; readonly shape: readonly number[] }>();
  let end = 0;
  for (const { name, shape, trainable } of to.parameters) {
    if (!trainable) continue;
    starts.set(name, { start: end, shape });
    end += sizeOf(shape);
  }
  const chosen = from.parameters.filter(({ trainable }) => trainable);
  const places = chosen.flatMap(({ name, shape }) => {
    const { name: other, transposed = false } = map(name);
    const found = starts.get(other);
    const wanted = transposed ? shape.toReversed() : shape;
    if (found?.shape.join() !== wanted.join()) throw new Error(`no weight '${other}' [${wanted.join(', ')}]`);
    const [rows, columns] = shape as [number, number];
    const place = (i: number): number => (transposed ? (i % columns) * rows + Math.floor(i / columns) : i);
    return Array.from({ length: sizeOf(shape) }, (_, i) => found.start + place(i));
  });
  if (places.length !== end) throw new Error(`got ${end} trainable weights, expected ${places.length}`);
  return Int32Array.from(places);
}
