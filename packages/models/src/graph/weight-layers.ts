/** What is known of a weight's place in a network. */
export interface WeightPlace {
  readonly name: string;
  /** The node that reads it first. */
  readonly reader: string;
}

/**
 * Names the layer of every weight, so that a kernel and its bias belong together.
 *
 * A weight's own name says it, as 'encoder.0.fc.weight' or 'model/dense/MatMul/ReadVariableOp'; where exporters made one up ('onnx::MatMul_12',
 * 'val_3'), the name of its bias, or that of the node that reads it, does.
 *
 * @param biases - the weight to whose product each bias is added
 */
export function layersOf(
  weights: readonly WeightPlace[],
  biases: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const biasOf = new Map([...biases].map(([bias, weight]) => [weight, bias]));
  const own = new Map(weights.map(({ name }) => [name, layerInName(name)]));
  return new Map(
    weights.map(({ name, reader }) => {
      const partner = biases.get(name) ?? biasOf.get(name);
      const named = own.get(name) ?? (partner === undefined ? undefined : own.get(partner)) ?? layerInNode(reader);
      return [name, named ?? biases.get(name) ?? name];
    }),
  );
}

/** Parts at the end of a name that tell the variable or the operation, not the layer. */
const TAIL =
  /\/(ReadVariableOp|Read|MatMul|BiasAdd|FusedBatchNorm(?:V[23])?|batchnorm(?:_\d+)?\/(?:mul|sub)|Conv2D|Conv1D|conv1d|ExpandDims_1|ExpandDims|depthwise|Cast|Tensordot|resource|read|concat|axis|Reshape)(_\d+)?(:\d+)?$/;

function layerInName(name: string): string | undefined {
  if (isMadeUp(name)) return undefined;
  let path = name.replace(/^StatefulPartitionedCall\//, '').replace(/:\d+$/, '');
  const stripped = stripTail(path);
  if (stripped !== path) return stripped;
  path = path.replace(/__\d+$/, '');
  const end = Math.max(path.lastIndexOf('.'), path.lastIndexOf('/'));
  return end > 0 ? path.slice(0, end) : undefined;
}

function stripTail(name: string): string {
  const next = name.replace(TAIL, '');
  return next === name ? name : stripTail(next);
}

/** Whether an exporter gave a name because the file's author gave none. */
export function isMadeUp(name: string): boolean {
  return /^(onnx::.*|val_\d+|_val_\d+|\d+|.*_quantized|.*const_fold.*|unknown(_\d+)?|Const(_\d+)?)$/.test(name);
}

/** '/layers/layers.0/fc/MatMul' → 'layers.0.fc'. */
function layerInNode(node: string): string | undefined {
  if (!node.startsWith('/')) {
    const path = stripTail(node.replace(/^StatefulPartitionedCall\//, ''));
    return path.includes('/') ? path : undefined;
  }
  const parts = node
    .split('/')
    .filter((part) => part !== '')
    .slice(0, -1);
  const kept = parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`));
  return kept.length === 0 ? undefined : kept.join('.');
}
