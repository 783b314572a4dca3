import { FormatError, UnsupportedError, type Network } from '@ntk/tensor';
import { buildFromGraph } from '../graph/build-graph.ts';
import type { GraphInput } from '../graph/graph-inputs.ts';
import type { StaticTensor } from '../graph/traced.ts';
import type { OutputMode } from '../outputs/output-mode.ts';
import { decodeModel } from './decode.ts';
import { foldingNotes } from './folding-notes.ts';
import type { OnnxModelFile, OnnxValueInfo } from './messages.ts';
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
  const external = options.external ?? missingExternal(label);
  const tensors = new Map<string, StaticTensor>(
    graph.initializers.map((tensor) => [tensor.name, readTensor(tensor, true, { label, external })]),
  );
  const inputs = graph.inputs.filter(({ name }) => !tensors.has(name));
  if (inputs.length === 0)
    throw new FormatError(`${label}: got a graph without inputs, expected one at least; export the model again`);
  const { outputs, notes } = floatOutputs(graph.outputs, label);
  return buildFromGraph(
    {
      name: graph.name === '' ? 'onnx' : graph.name,
      source: ONNX,
      label,
      rules: onnxRules,
      nodes: graph.nodes.map((node) => new OpNode(node, opset)),
      inputs: inputs.map((info) => graphInput(info, { label, shapes: options.inputShapes ?? {} })),
      outputs,
      tensors,
      fixedExamples: fixedExamples(inputs),
      notes: [...fixedNotes(inputs), ...notes, ...foldingNotes(file)],
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

function missingExternal(label: string): ExternalData {
  return (location) => {
    throw new FormatError(
      `${label}: got tensors in the file '${location}', expected its bytes; hand them in as external, or read the model with readOnnx`,
    );
  };
}

/** The outputs that hold real numbers; labels of classifiers are left out. */
function floatOutputs(outputs: readonly OnnxValueInfo[], label: string): { outputs: string[]; notes: string[] } {
  const isFloat = ({ elementType }: OnnxValueInfo): boolean =>
    elementType === 0 || elementKindOf(elementType) === 'float';
  const found = outputs.filter(isFloat).map(({ name }) => name);
  if (found.length === 0)
    throw new UnsupportedError(
      `${label}: got no output of real numbers, expected one at least; export the model with its scores or probabilities`,
    );
  const left = outputs.filter((output) => !isFloat(output)).map(({ name }) => `'${name}'`);
  return {
    outputs: found,
    notes: left.length === 0 ? [] : [`outputs that are not real numbers are left out: ${left.join(', ')}`],
  };
}

function graphInput(
  { name, elementType, shape }: OnnxValueInfo,
  options: { readonly label: string; readonly shapes: Readonly<Record<string, readonly number[]>> },
): GraphInput {
  const { label, shapes } = options;
  const element = elementKindOf(elementType);
  if (element === undefined)
    throw new UnsupportedError(`${label}: got the input '${name}' of the data type ${elementType}, expected numbers`);
  const given = shapes[name];
  if (given !== undefined) return { name, element, shape: given };
  if (shape === undefined || shape.length === 0)
    throw new FormatError(
      `${label}: got the input '${name}' without axes, expected the number of examples and the shape of one; export the model again, or name it: inputShapes: { '${name}': […] }`,
    );
  return {
    name,
    element,
    shape: shape.slice(1).map((extent) => (typeof extent === 'number' && extent > 0 ? extent : null)),
  };
}

/** The number of examples that a file was made for: what the first axis of every input says. */
function fixedExamples(inputs: readonly OnnxValueInfo[]): number | null {
  const [first] = inputs.map(({ shape }) => shape?.[0]);
  return typeof first === 'number' && first > 0 ? first : null;
}

function fixedNotes(inputs: readonly OnnxValueInfo[]): string[] {
  const count = fixedExamples(inputs);
  if (count === null) return [];
  return [`the file is made for ${count} example${count === 1 ? '' : 's'} at a time; it is read for any number`];
}
