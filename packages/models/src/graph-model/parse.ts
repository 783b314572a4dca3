import { UnsupportedError, type Network } from '@ntk/tensor';
import { buildFromGraph } from '../graph/build-graph.ts';
import { readSignature, type DeclaredValue } from '../graph/signature.ts';
import { staticTensor, weightTensor } from '../graph/static.ts';
import type { StaticTensor } from '../graph/traced.ts';
import { listNames } from '../list-names.ts';
import type { OutputMode } from '../outputs/output-mode.ts';
import { decodeTensors, manifestNotes, type StoredTensor } from '../weights-manifest/decode.ts';
import { withDilations } from './dilation.ts';
import { elementOf } from './element-types.ts';
import { foldingNotes } from './folding-notes.ts';
import { checkGraphJson, type GraphJson, type NodeJson, type SignatureEntry } from './graph-json.ts';
import { DefNode, membersOf, shapeIn, valueName } from './graph-node.ts';
import { sharedWeights } from './shared-weights.ts';
import { graphRules } from './table.ts';

/** Options of every reader of a GraphModel. */
export interface GraphModelOptions {
  /** 'logits' (the default) splits a final softmax or sigmoid off; 'keep' leaves the outputs as the file computes them. */
  readonly outputActivation?: OutputMode;
  /** Shapes of an example, by the name of the input's node, where the file leaves extents open. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
  /** The file's name in messages. */
  readonly label?: string;
}

/** Name of the format in `meta.source`. */
const GRAPH_MODEL = 'tfjs-graph-model';

/**
 * A GraphModel of TensorFlow.js as a Network.
 *
 * Trainable are the float constants in a slot for weights of a known operation; other ones, if large, become parameters that are not trainable.
 * Parameters have the file's names and shapes, in the order in which the network reads them.
 *
 * @param modelJson - the parsed model.json
 * @param weights - the binary files that it lists, one after the other; borrowed
 * @throws {FormatError} if the JSON is no GraphModel, or the bytes are too few or too many
 * @throws {UnsupportedError} listing every operation that is not supported; for functions and loops; for weights that are no numbers
 * @throws {ShapeError} naming the node whose operands do not fit, or that mixes examples; for inputs with open extents
 *
 * Cost: one copy of the weights, and a Program traced twice.
 */
export function parseGraphModel(modelJson: unknown, weights: Uint8Array, options: GraphModelOptions = {}): Network {
  const { outputActivation = 'logits', label = 'model.json', inputShapes = {} } = options;
  const file = checkGraphJson(modelJson, label);
  const stored = decodeTensors(file.weightsManifest, weights, label);
  const shared = sharedWeights(stored);
  const tensors = new Map(stored.map((tensor) => [tensor.name, traced(shared.get(tensor.name) ?? tensor)]));
  const nodes = defNodes(withDilations(file.nodes));
  rejectCalls(nodes, file.functions, label);
  const signature = readSignature(declaredInputs(file), declaredOutputs(file), { label, inputShapes });
  return buildFromGraph(
    {
      ...signature,
      name: 'graph',
      source: GRAPH_MODEL,
      label,
      rules: graphRules,
      nodes,
      tensors,
      notes: [
        ...signature.notes,
        ...manifestNotes(file.weightsManifest),
        ...foldingNotes(file.nodes),
        ...sharingNotes(shared.size),
      ],
    },
    { outputMode: outputActivation },
  );
}

function sharingNotes(count: number): string[] {
  if (count === 0) return [];
  return [
    `${count} weight${count === 1 ? ' is a copy' : 's are copies'} of others in the file, as layers that are called more than once leave them; each is one parameter with the other`,
  ];
}

function traced(tensor: StoredTensor): StaticTensor {
  const { name, shape, type } = tensor;
  if (type === 'float32') return weightTensor(name, shape, () => tensor.values);
  return staticTensor(type === 'int32' ? 'int' : 'bool', shape, [...tensor.values], name);
}

/** The operations, without constants and inputs, whose values are known. */
function defNodes(nodes: readonly NodeJson[]): DefNode[] {
  const outputs = new Map<string, number>();
  for (const reference of nodes.flatMap(({ input = [] }) => input)) {
    const [, name, index] = /^(.*):(\d+)$/.exec(reference) ?? [undefined, reference, '0'];
    outputs.set(name, Math.max(outputs.get(name) ?? 1, Number(index) + 1));
  }
  return nodes
    .filter(({ op }) => op !== 'Const' && op !== 'Placeholder')
    .map((node) => new DefNode(node, outputs.get(node.name) ?? 1));
}

/** Of which loops and conditions are made in older graphs. */
const CONTROL_FLOW: ReadonlySet<string> = new Set(['Switch', 'Merge', 'Enter', 'Exit', 'NextIteration', 'LoopCond']);

/** @throws {UnsupportedError} if an operation calls a function of the graph or belongs to a loop or a condition */
function rejectCalls(nodes: readonly DefNode[], functions: readonly string[], label: string): void {
  const defined = new Set(functions);
  const calling = nodes.filter((node) => CONTROL_FLOW.has(node.op) || defined.has(node.op) || node.calls().length > 0);
  if (calling.length === 0) return;
  const listed = listNames(calling.map(({ name, op }) => `'${name}' (${op})`));
  throw new UnsupportedError(
    `${label}: got ${listed}, which belong to loops or call functions that the graph defines; expected operations alone. Networks with recurrent layers are read as LayersModels: tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model model.h5 model`,
  );
}

/** The signature's inputs, or, where there is none, the placeholders. */
function declaredInputs({ signature, nodes }: GraphJson): DeclaredValue[] {
  const placeholders = new Map(
    nodes.filter(({ op }) => op.startsWith('Placeholder')).map((node) => [node.name, node] as const),
  );
  const entries = Object.values(signature.inputs ?? {});
  const named: SignatureEntry[] =
    entries.length > 0
      ? entries
      : [...placeholders.values()].filter(({ op }) => op === 'Placeholder').map(({ name }) => ({ name }));
  return named.map((entry) => {
    const name = valueName(entry.name);
    const node = placeholders.get(name);
    const { dtype, shape } = membersOf(node?.attr);
    const type = membersOf(dtype)['type'] ?? entry.dtype ?? 'DT_FLOAT';
    const own = shapeIn(membersOf(shape)['shape']);
    return { name, type, element: elementOf(type), shape: shapeIn(entry.tensorShape) ?? own };
  });
}

/** The signature's outputs, or, where there is none, what nothing reads. */
function declaredOutputs({ signature, nodes }: GraphJson): DeclaredValue[] {
  const entries = Object.values(signature.outputs ?? {});
  const read = new Set(nodes.flatMap(({ input = [] }) => input.map((each) => each.replace(/^\^|:\d+$/g, ''))));
  const last = nodes.filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp');
  const named: readonly SignatureEntry[] = entries.length > 0 ? entries : last;
  return named.map(({ name, dtype }) => {
    const type = dtype ?? 'DT_FLOAT';
    return { name: valueName(name), type, element: elementOf(type), shape: undefined };
  });
}
