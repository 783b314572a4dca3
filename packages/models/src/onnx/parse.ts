import { FormatError, UnsupportedError, type Network } from '@ntk/tensor';
import { buildFromGraph } from '../graph/build-graph.ts';
import { readSignature, type DeclaredValue } from '../graph/signature.ts';
import type { StaticTensor } from '../graph/traced.ts';
import { listNames } from '../list-names.ts';
import type { OutputMode } from '../outputs/output-mode.ts';
import { decodeModel } from './decode.ts';
import { foldingNotes } from './folding-notes.ts';
import type { OnnxModelFile, OnnxNode, OnnxValueInfo } from './messages.ts';
import { OpNode } from './op-node.ts';
import { onnxRules } from './table.ts';
import { elementKindOf, readTensor, type ExternalData } from './tensor-data.ts';

/** Options of every reader of an ONNX file. */
export interface OnnxOptions {
  /** 'logits' (the default) splits a final softmax or sigmoid off; 'keep' leaves the outputs as the file computes them. */
  readonly outputActivation?: OutputMode;
  /** Shapes of an example, by the name of the input, where the file leaves extents open. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
  /** The file's name in messages. */
  readonly label?: string;
}

/** Options of `parseOnnx`. */
export interface ParseOnnxOptions extends OnnxOptions {
  /** Gives the bytes of a file that the model names for its tensors; needed only for models that keep them in files of their own. */
  readonly external?: ExternalData;
}

/** Name of the format in `meta.source`. */
const ONNX = 'onnx';
/** Operator sets before it state axes of softmax, and much else, differently. */
const OLDEST_OPSET = 13;

/**
 * An ONNX model as a Network.
 *
 * Trainable are the float initializers in a slot for weights of a known operation; other ones, if large, become parameters that are not trainable.
 * Parameters have the file's names, in the order in which the network reads them; filters of convolutions are exposed as [height, width, inputs, outputs].
 *
 * @param bytes - the content of the file; kept until the weights are read
 * @throws {FormatError} if the bytes are no ONNX model, or tensors are damaged or in files that `external` does not give
 * @throws {UnsupportedError} listing every operation that is not supported; for an operator set older than 13
 * @throws {ShapeError} naming the node whose operands do not fit, or that mixes examples; for inputs with open extents
 *
 * Cost: one copy of the weights, and a Program traced twice.
 */
export function parseOnnx(bytes: Uint8Array, options: ParseOnnxOptions = {}): Network {
  const { outputActivation = 'logits', label = 'model.onnx' } = options;
  const file = decodeModel(bytes, label);
  const opset = checkVersions(file, label);
  const { graph } = file;
  rejectFused(graph.nodes, label);
  const external = options.external ?? missingExternal(label);
  const tensors = new Map<string, StaticTensor>(
    graph.initializers.map((tensor) => [tensor.name, readTensor(tensor, true, { label, external })]),
  );
  const inputs = graph.inputs.filter(({ name }) => !tensors.has(name));
  const signature = readSignature(inputs.map(declared), graph.outputs.map(declaredOutput), {
    label,
    inputShapes: options.inputShapes ?? {},
  });
  return buildFromGraph(
    {
      name: graph.name === '' ? 'onnx' : graph.name,
      source: ONNX,
      label,
      rules: onnxRules,
      nodes: graph.nodes.map((node) => new OpNode(node, opset)),
      ...signature,
      tensors,
      notes: [...signature.notes, ...foldingNotes(file)],
    },
    { outputMode: outputActivation },
  );
}

function checkVersions({ opsets, hasFunctions }: OnnxModelFile, label: string): number {
  const version = opsets.find(({ domain }) => domain === '')?.version;
  if (version === undefined || version < OLDEST_OPSET)
    throw new UnsupportedError(
      `${label}: got ${version === undefined ? 'no standard operator set' : `the operator set ${version}`}, expected ${OLDEST_OPSET} or newer; export with a newer opset_version, or convert by: python -c "import onnx; onnx.save(onnx.version_converter.convert_version(onnx.load('${label}'), 17), 'new.onnx')"`,
    );
  if (hasFunctions)
    throw new UnsupportedError(
      `${label}: got a model that defines operations of its own, expected standard ones; inline them by: python -c "import onnx, onnx.inliner; onnx.save(onnx.inliner.inline_local_functions(onnx.load('${label}')), 'new.onnx')"`,
    );
  return version;
}

/** Operations of ONNX Runtime, into which it fuses those of a network. */
function rejectFused(nodes: readonly OnnxNode[], label: string): void {
  const fused = nodes.filter(({ domain }) => domain.startsWith('com.microsoft'));
  if (fused.length === 0) return;
  const listed = listNames(fused.map(({ op, name, domain }) => `${domain}.${op} '${name}'`));
  throw new UnsupportedError(
    `${label}: got operations of ONNX Runtime's own, ${listed}, expected standard ones; take the model as it was before it was optimised or quantised`,
  );
}

function missingExternal(label: string): ExternalData {
  return (location) => {
    throw new FormatError(
      `${label}: got tensors in the file '${location}', expected its bytes; hand them in as external, or read the model with readOnnx`,
    );
  };
}

function declared({ name, elementType, shape }: OnnxValueInfo): DeclaredValue {
  return { name, element: elementKindOf(elementType), type: elementType, shape };
}

/** An output without a type is one of real numbers, as exporters leave it open. */
function declaredOutput(output: OnnxValueInfo): DeclaredValue {
  return output.elementType === 0 ? { ...declared(output), element: 'float' } : declared(output);
}
