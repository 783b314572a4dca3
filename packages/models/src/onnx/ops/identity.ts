import { UnsupportedError } from '@ntk/tensor';
import { pointwise } from '../../graph/functions/elementwise.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import { elementKindOf } from '../tensor-data.ts';
import { required, type OnnxRule, type OnnxRules } from '../op-node.ts';

const identity: OnnxRule = (_tracer, _node, inputs) => required(inputs, 0);

/** Types are only told apart where it matters: truth values, and whole numbers of shapes. */
const cast: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const to = elementKindOf(node.number('to', 0));
  if (to === undefined)
    throw new UnsupportedError(
      `got the data type ${node.number('to', 0)} to cast to, expected numbers or truth values`,
    );
  if (to === operand.element || (to === 'float' && operand.kind === 'view')) return { ...operand, element: to };
  if (to === 'bool') return { ...truths(tracer, operand), element: to };
  if (operand.element === 'bool') return { ...operand, element: to };
  if (operand.kind === 'view')
    throw new UnsupportedError('got real numbers to cast to integers, which has no derivative');
  if (to === 'float') return { ...operand, element: to };
  const { values, ...rest } = operand;
  return {
    kind: 'static',
    element: to,
    shape: rest.shape,
    name: rest.name,
    values: () => Array.from(values() as readonly number[], Math.trunc),
  };
};

function truths(tracer: Tracer, operand: Traced): Traced {
  return pointwise(tracer, operand, (b, x) => b.sub(b.scalar(1), b.binary('equal', x, b.scalar(0))));
}

/** What passes its input on, and what acts only in training. */
export const identityRules: OnnxRules = {
  Identity: identity,
  Dropout: identity,
  Cast: cast,
  // Probabilities with their labels, as scikit-learn gives them.
  'ai.onnx.ml.ZipMap': identity,
};
