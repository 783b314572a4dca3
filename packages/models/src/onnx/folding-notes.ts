import { listNames } from '../list-names.ts';
import type { OnnxModelFile, OnnxNode } from './messages.ts';

/**
 * Says where an exporter put a batch normalisation into the layer before it: there the parameters are not those of the original network, and scale and
 * shift are none of their own.
 *
 * PyTorch's exporters leave traces: a made-up name of the filter (TorchScript), or the rewriting rule's name (Dynamo).
 */
export function foldingNotes({ graph, producer }: OnnxModelFile): string[] {
  if (producer !== 'pytorch') return [];
  const folded = graph.nodes.filter(isFolded).map(({ name }) => `'${name}'`);
  if (folded.length === 0) return [];
  return [
    `batch normalisation is folded into ${listNames(folded)}: the parameters differ from those of the original network, and its scale and shift are not among them; to keep them export with training=TrainingMode.PRESERVE or optimize=False`,
  ];
}

function isFolded({ op, inputs, metadata }: OnnxNode): boolean {
  if (!['Conv', 'ConvTranspose', 'Gemm'].includes(op)) return false;
  return (
    /^onnx::(Conv|ConvTranspose|Gemm)_\d+$/.test(inputs[1] ?? '') ||
    /BatchNorm/.test(metadata.get('pkg.onnxscript.rewriter.rule_name') ?? '')
  );
}
