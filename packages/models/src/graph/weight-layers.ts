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

/** The operation in which a layer reads a weight: layers may be called like one, conv1d/conv1d. */
const OPERATION =
  'MatMul|BiasAdd|FusedBatchNorm(?:V[23])?|batchnorm|Conv2D|Conv1D|conv1d|separable_conv2d|conv2d_transpose|Tensordot|einsum|embedding_lookup';
/** What it does to the weight first. */
const STEP = 'Scaled|Offset|depthwise|ExpandDims|Reshape|Einsum|concat|axis|mul|sub';
/** The variable, where the name has it. */
const SLOT =
  'kernel|bias|biases|weights|gamma|beta|moving_mean|moving_variance|depthwise_kernel|depthwise_weights|pointwise_kernel|embeddings|alpha';
/** How it reads the variable. */
const READING = 'ReadVariableOp|Read|resource|read|Cast';
/** What tells the variable or the operation at the end of a name, not the layer. */
const TAIL = new RegExp(
  `(/(${OPERATION})(_\\d+)?)?(/(${STEP})(_\\d+)?)*(/(${SLOT}))?(/(${READING})(_\\d+)?)*(:\\d+)?$`,
);

function layerInName(name: string): string | undefined {
  if (isMadeUp(name)) return undefined;
  const path = withoutCalls(name);
  const stripped = path.replace(TAIL, '');
  if (stripped !== path) return stripped;
  const plain = path.replace(/__\d+$/, '');
  const end = Math.max(plain.lastIndexOf('.'), plain.lastIndexOf('/'));
  return end > 0 ? plain.slice(0, end) : undefined;
}

/** TensorFlow puts the functions that it put in line before the names in them. */
function withoutCalls(name: string): string {
  return name.replaceAll(/(^|\/)(Stateful)?PartitionedCall(?=\/)/g, '').replace(/^\//, '');
}

/** Whether an exporter gave a name because the file's author gave none. */
export function isMadeUp(name: string): boolean {
  return /^(onnx::.*|val_\d+|_val_\d+|\d+|.*_quantized|.*const_fold.*|unknown(_\d+)?|Const(_\d+)?)$/.test(name);
}

/** '/layers/layers.0/fc/MatMul' → 'layers.0.fc'; 'model/dense/Relu', into which a converter fused the product → 'model/dense'. */
function layerInNode(node: string): string | undefined {
  if (!node.startsWith('/')) {
    const path = withoutCalls(node);
    const stripped = path.replace(TAIL, '');
    const layer = stripped === path ? path.slice(0, Math.max(0, path.lastIndexOf('/'))) : stripped;
    return layer === '' ? undefined : layer;
  }
  const parts = node
    .split('/')
    .filter((part) => part !== '')
    .slice(0, -1);
  const kept = parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`));
  return kept.length === 0 ? undefined : kept.join('.');
}
