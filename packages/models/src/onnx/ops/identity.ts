import { UnsupportedError } from '@ntk/tensor';
import { pointwise } from '../../graph/functions/elementwise.ts';
import type { ElementKind, Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
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

function castTo(tracer: Tracer, operand: Traced, to: ElementKind): Traced {
  const from = operand.element;
  if (to === 'bool' && from !== 'bool') return { ...truths(tracer, operand), element: to };
  if (to !== 'int' || from !== 'float') return { ...operand, element: to };
  if (operand.kind === 'view')
    throw new UnsupportedError('got real numbers to cast to integers, which has no derivative');
  const { shape, name, values } = operand;
  const whole = (): number[] => Array.from(values() as readonly number[], Math.trunc);
  return { kind: 'static', element: to, shape, name, values: whole };
}

function truths(tracer: Tracer, operand: Traced): Traced {
  return pointwise(tracer, operand, (b, x) => b.sub(b.scalar(1), b.binary('equal', x, b.scalar(0))));
}

/** What passes its input on, and what acts only in training. */
export const identityRules: OnnxRules = {
  Identity: identity,
  Dropout: identity,
  Cast: cast,
  CastLike: (tracer, _node, inputs) => castTo(tracer, required(inputs, 0), required(inputs, 1).element),
  // Probabilities with their labels, as scikit-learn gives them.
  'ai.onnx.ml.ZipMap': identity,
};
