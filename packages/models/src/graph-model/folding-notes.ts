import { listNames } from '../list-names.ts';
import type { NodeJson } from './graph-json.ts';

/**
 * Says where a converter put a batch normalisation into the layer before it, or made one scale and one shift of it: there the parameters are not those of the original
 * network.
 *
 * tensorflowjs_converter and TensorFlow's optimiser leave traces in the names of what they make.
 * Source: tensorflowjs/converters/fold_batch_norms.py; Keras, batchnorm_v1.
 */
export function foldingNotes(nodes: readonly NodeJson[]): string[] {
  const constants = new Set(nodes.flatMap(({ op, name }) => (op === 'Const' ? [name] : [])));
  const reading = (ending: RegExp): string[] =>
    nodes.flatMap(({ name, input = [] }) =>
      input.some((each) => ending.test(each) && constants.has(each)) ? [`'${name}'`] : [],
    );
  const folded = reading(/_bn_offset$/);
  const scaled = reading(/(batchnorm(_\d+)?\/mul|FusedBatchNorm(V[23])?\/Scaled)(_\d+)?$/);
  const remedy = 'to keep them convert the Keras model by: tensorflowjs_converter --output_format=tfjs_layers_model';
  return [
    ...(folded.length === 0
      ? []
      : [
          `batch normalisation is folded into ${listNames(folded)}: the parameters differ from those of the original network, and its scale and shift are not among them; ${remedy}`,
        ]),
    ...(scaled.length === 0
      ? []
      : [
          `batch normalisation is one scale and one shift in ${listNames(scaled)}: these differ from those of the original network, as its moving statistics are in them; ${remedy}`,
        ]),
  ];
}
