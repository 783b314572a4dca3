import type { NodeJson } from './graph-json.ts';

/** Names of the operations that stand for dilated convolutions. */
export const DILATED: { readonly Conv2D: string; readonly DepthwiseConv2dNative: string } = {
  Conv2D: 'SpaceToBatchND-Conv2D-BatchToSpaceND',
  DepthwiseConv2dNative: 'SpaceToBatchND-DepthwiseConv2dNative-BatchToSpaceND',
};

/**
 * Reads a dilated convolution where TensorFlow wrote three operations for it: pixels of each phase become examples of their own, which are filtered, and put
 * back. As examples have to stay apart here, the three become one node again, under the name of the last. Around sequences, which are images of one
 * row in between, they become three.
 */
export function withDilations(nodes: readonly NodeJson[]): NodeJson[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const from = (node: NodeJson | undefined): NodeJson | undefined =>
    byName.get(node?.input?.[0]?.replace(/:0$/, '') ?? '');
  return nodes.flatMap((last) => {
    if (last.op !== 'BatchToSpaceND') return last;
    const squeeze = from(last)?.op === 'Squeeze' ? from(last) : undefined;
    const filter = squeeze ? from(squeeze) : from(last);
    const expand = squeeze && from(filter)?.op === 'ExpandDims' ? from(filter) : undefined;
    const first = expand ? from(expand) : from(filter);
    if (filter === undefined || first?.op !== 'SpaceToBatchND') return last;
    const convolution = dilated({ first, filter, last });
    if (convolution === undefined || (squeeze && !expand)) return last;
    if (!squeeze || !expand) return convolution;
    const [rows, images] = [`${last.name}/ExpandDims`, `${last.name}/Conv2D`];
    const [sequences] = convolution.input!;
    return [
      { ...expand, name: rows, input: [sequences!, ...expand.input!.slice(1)] },
      { ...convolution, name: images, input: [rows, ...convolution.input!.slice(1)] },
      { ...squeeze, name: last.name, input: [images] },
    ];
  });
}

/** One node for three, or undefined where one of them is another than they are written by. */
function dilated({
  first,
  filter,
  last,
}: Readonly<Record<'first' | 'filter' | 'last', NodeJson>>): NodeJson | undefined {
  const op = filter.op === 'Conv2D' || filter.op === 'DepthwiseConv2dNative' ? DILATED[filter.op] : undefined;
  const [images, block, pads] = first.input ?? [];
  const [, weight] = filter.input ?? [];
  const [, , crops] = last.input ?? [];
  const input = [images, weight, block, pads, crops];
  if (op === undefined || !input.every((each) => each !== undefined)) return undefined;
  return { ...last, op, input, attr: filter.attr };
}
