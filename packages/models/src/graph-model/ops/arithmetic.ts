import type { ProgramBuilder, Value } from '@ntk/tensor';
import { clip } from '../../activations/functions.ts';
import { arithmetic, type ArithmeticName } from '../../graph/functions/arithmetic.ts';
import { elementwise, pointwise } from '../../graph/functions/elementwise.ts';
import { rankOf, unsqueeze } from '../../graph/functions/movement.ts';
import { power } from '../../graph/functions/power.ts';
import { addBias, affine } from '../../graph/functions/slots.ts';
import { knownInput, numberIn, required } from '../../graph/operands.ts';
import { asNumbers } from '../../graph/static.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import type { GraphRule, GraphRules } from '../graph-node.ts';

/** An operation entry by entry. */
function entrywise(name: ArithmeticName): GraphRule {
  return (tracer, _node, inputs) =>
    elementwise(
      tracer,
      inputs.map((_, i) => required(inputs, i)),
      arithmetic[name],
    );
}

function unary(formula: (b: ProgramBuilder, x: Value) => Value): GraphRule {
  return (tracer, _node, inputs) => pointwise(tracer, required(inputs, 0), formula);
}

/** A sum or product in which a weight of the file is a bias or a scale. */
function slotted(op: 'add' | 'mul'): GraphRule {
  return (tracer, _node, inputs) => {
    const [left, right] = [required(inputs, 0), required(inputs, 1)];
    return affine(tracer, op, [notLiteral(tracer, left, right), notLiteral(tracer, right, left)]);
  };
}

/** What names of numbers in formulas end in: operands, and quotients that were computed beforehand, as of a standardisation. */
const LITERAL = /(^|\/)(x|y|Const|truediv|div|Maximum|Sqrt)(_\d+)?$/;

/**
 * Numbers that stand in the formula of a network, as in 2 * x, are constants of a frozen graph as its variables are; only their names tell: 'mul/y'.
 * They are no weights, but where they are added to the product of one.
 */
function notLiteral(tracer: Tracer, operand: Traced, other: Traced): Traced {
  if (operand.kind === 'view' || !LITERAL.test(operand.name)) return operand;
  if (other.kind === 'view' && tracer.products.has(other.value)) return operand;
  return asNumbers(operand);
}

/** x - y. What is subtracted from a weight leaves it a shift, as normalisations are written: β - μ s; what a weight is subtracted from does not. */
const sub: GraphRule = (tracer, node, inputs) => {
  const [left, right] = [required(inputs, 0), required(inputs, 1)];
  if (left.kind === 'view' || right.kind === 'static') return entrywise('sub')(tracer, node, inputs);
  const negative = elementwise(tracer, [right], arithmetic.neg);
  return affine(tracer, 'add', [notLiteral(tracer, left, right), negative]);
};

const biasAdd: GraphRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const axis = node.text('data_format', 'NHWC') === 'NCHW' ? 1 : rankOf(operand) - 1;
  return addBias(tracer, operand, required(inputs, 1), axis);
};

const pow: GraphRule = (tracer, _node, inputs) => {
  const exponent = numberIn(knownInput(inputs, 1, 'exponents'), 'an exponent');
  return pointwise(tracer, required(inputs, 0), (b, x) => power(b, x, exponent));
};

const clipByValue: GraphRule = (tracer, _node, inputs) => {
  const [low, high] = [1, 2].map((index) => numberIn(knownInput(inputs, index, 'bounds'), 'a bound'));
  return pointwise(tracer, required(inputs, 0), (b, x) => clip(b, x, low!, high!));
};

const addAll: GraphRule = (tracer, _node, inputs) =>
  inputs.map((_, i) => required(inputs, i)).reduce((x, y) => elementwise(tracer, [x, y], arithmetic.add));

/** A condition of one axis chooses whole entries along the first one of its operands. */
const select: GraphRule = (tracer, _node, inputs) => {
  const [condition, yes, no] = [required(inputs, 0), required(inputs, 1), required(inputs, 2)];
  const missing = rankOf(condition) === 1 ? rankOf(yes) - 1 : 0;
  const places = Array.from({ length: missing }, (_, i) => i + 1);
  return elementwise(
    tracer,
    [missing > 0 ? unsqueeze(tracer, condition, places) : condition, yes, no],
    arithmetic.where,
  );
};

/** x / y, and 0 where y is 0; there the quotient is taken of 1, so that its derivative is finite. */
const divideOrZero: GraphRule = (tracer, _node, inputs) =>
  elementwise(tracer, [required(inputs, 0), required(inputs, 1)], {
    formula: (b, [x, y]) => {
      const isZero = b.binary('equal', y!, b.scalar(0));
      return b.where(isZero, b.scalar(0), b.div(x!, b.where(isZero, b.scalar(1), y!)));
    },
  });

/** One number in place of every entry. */
function everywhere(value: number): GraphRule {
  return unary((b, x) => b.add(b.mul(b.scalar(0), x), b.scalar(value)));
}

/** Arithmetic entry by entry. */
export const arithmeticRules: GraphRules = {
  Add: slotted('add'),
  AddV2: slotted('add'),
  AddN: addAll,
  BiasAdd: biasAdd,
  Mul: slotted('mul'),
  Sub: sub,
  Div: entrywise('div'),
  RealDiv: entrywise('div'),
  FloorDiv: entrywise('div'),
  DivNoNan: divideOrZero,
  FloorMod: entrywise('floorMod'),
  Maximum: entrywise('maximum'),
  Minimum: entrywise('minimum'),
  SquaredDifference: entrywise('squaredDifference'),
  Neg: entrywise('neg'),
  Equal: entrywise('equal'),
  NotEqual: entrywise('notEqual'),
  Greater: entrywise('greater'),
  GreaterEqual: entrywise('greaterEqual'),
  Less: entrywise('less'),
  LessEqual: entrywise('lessEqual'),
  LogicalAnd: entrywise('and'),
  LogicalOr: entrywise('or'),
  LogicalNot: entrywise('not'),
  Select: select,
  SelectV2: entrywise('where'),
  Pow: pow,
  ClipByValue: clipByValue,
  Square: unary((b, x) => b.mul(x, x)),
  Sqrt: unary((b, x) => b.unary('sqrt', x)),
  Rsqrt: unary((b, x) => b.div(b.scalar(1), b.unary('sqrt', x))),
  Reciprocal: unary((b, x) => b.div(b.scalar(1), x)),
  Exp: unary((b, x) => b.unary('exp', x)),
  Expm1: unary((b, x) => b.sub(b.unary('exp', x), b.scalar(1))),
  Log: unary((b, x) => b.unary('log', x)),
  Log1p: unary((b, x) => b.unary('log', b.add(b.scalar(1), x))),
  Abs: unary((b, x) => b.unary('abs', x)),
  Sign: unary((b, x) => b.unary('sign', x)),
  Erf: unary((b, x) => b.unary('erf', x)),
  ZerosLike: everywhere(0),
  OnesLike: everywhere(1),
};
