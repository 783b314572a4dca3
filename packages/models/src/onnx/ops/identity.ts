import { UnsupportedError } from '@ntk/tensor';
import { castTo } from '../../graph/functions/cast.ts';
import { elementKindOf } from '../tensor-data.ts';
import { required } from '../../graph/operands.ts';
import type { OnnxRule, OnnxRules } from '../op-node.ts';

const identity: OnnxRule = (_tracer, _node, inputs) => required(inputs, 0);

/** Types are only told apart where it matters: truth values, and whole numbers of shapes. */
const cast: OnnxRule = (tracer, node, inputs) => {
  const to = elementKindOf(node.number('to', 0));
  if (to === undefined)
    throw new UnsupportedError(
      `got the data type ${node.number('to', 0)} to cast to, expected numbers or truth values`,
    );
  return castTo(tracer, required(inputs, 0), to);
};

/** What passes its input on, and what acts only in training. */
export const identityRules: OnnxRules = {
  Identity: identity,
  Dropout: identity,
  Cast: cast,
  CastLike: (tracer, _node, inputs) => castTo(tracer, required(inputs, 0), required(inputs, 1).element),
  // Probabilities with their labels, as scikit-learn gives them.
  'ai.onnx.ml.ZipMap': identity,
};
