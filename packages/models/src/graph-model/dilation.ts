import type { NodeJson } from './graph-json.ts';

/** Names of the operations that stand for dilated convolutions. */
export const DILATED: { readonly Conv2D: string; readonly DepthwiseConv2dNative: string } = {
  Conv2D: 'SpaceToBatchND-Conv2D-BatchToSpaceND',
  DepthwiseConv2dNative: 'SpaceToBatchND-DepthwiseConv2dNative-BatchToSpaceND',
};

/**
 * Reads a dilated convolution where TensorFlow wrote three operations for it: pixels of each phase become examples of their own, which are filtered, and put
 * back. As examples have to stay apart here, the three become one node again, under the name of the last.
 */
export function withDilations(nodes: readonly NodeJson[]): NodeJson[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const from = (node: NodeJson | undefined, index: number): NodeJson | undefined =>
    byName.get(node?.input?.[index]?.replace(/:0$/, '') ?? '');
  return nodes.map((last) => {
    const filter = from(last, 0);
    const first = from(filter, 0);
    if (last.op !== 'BatchToSpaceND' || filter === undefined || first?.op !== 'SpaceToBatchND') return last;
    const op = filter.op === 'Conv2D' || filter.op === 'DepthwiseConv2dNative' ? DILATED[filter.op] : undefined;
    const [images, block, pads] = first.input ?? [];
    const [, weight] = filter.input ?? [];
    const [, , crops] = last.input ?? [];
    if (op === undefined || [images, block, pads, weight, crops].includes(undefined)) return last;
    return { ...last, op, input: [images!, weight!, block!, pads!, crops!], attr: filter.attr };
  });
}
