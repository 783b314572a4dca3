import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { arithmetic, type ArithmeticName } from '../../graph/functions/arithmetic.ts';
import { elementwise, pointwise } from '../../graph/functions/elementwise.ts';
import { affine } from '../../graph/functions/slots.ts';
import { power } from '../../graph/functions/power.ts';
import type { Traced } from '../../graph/traced.ts';
import { knownInput, numberIn, numbersIn, required } from '../../graph/operands.ts';
import type { OnnxRule, OnnxRules } from '../op-node.ts';

/** An operation entry by entry of a fixed number of operands. */
function entrywise(name: ArithmeticName): OnnxRule {
  return (tracer, _node, inputs) =>
    elementwise(
      tracer,
      inputs.map((_, i) => required(inputs, i)),
      arithmetic[name],
    );
}

/** An operation entry by entry that folds any number of operands. */
function folding(name: ArithmeticName): OnnxRule {
  return (tracer, _node, inputs) =>
    inputs.map((_, i) => required(inputs, i)).reduce((a, c) => elementwise(tracer, [a, c], arithmetic[name]));
}

function unary(formula: (b: ProgramBuilder, x: Value) => Value): OnnxRule {
  return (tracer, _node, inputs) => pointwise(tracer, required(inputs, 0), formula);
}

const clip: OnnxRule = (tracer, _node, inputs) => {
  const bound = (index: number): number | undefined =>
    inputs[index] ? numberIn(knownInput(inputs, index, 'bounds'), 'a bound') : undefined;
  const [low, high] = [bound(1), bound(2)];
  return pointwise(tracer, required(inputs, 0), (b, x) => {
    const above = low === undefined ? x : b.binary('maximum', x, b.scalar(low));
    return high === undefined ? above : b.binary('minimum', above, b.scalar(high));
  });
};

const mean: OnnxRule = (tracer, node, inputs) => {
  const sum = folding('add')(tracer, node, inputs) as Traced;
  return pointwise(tracer, sum, (b, x) => b.div(x, b.scalar(inputs.length)));
};

/** A constant base is raised by exp and log, a constant exponent by products. */
const pow: OnnxRule = (tracer, _node, inputs) => {
  const [base, raised] = [required(inputs, 0), required(inputs, 1)];
  if (base.kind === 'static' && raised.kind === 'view') {
    const rate = Math.log(numberIn(base, 'a base'));
    return pointwise(tracer, raised, (b, x) => b.unary('exp', b.mul(b.scalar(rate), x)));
  }
  const exponent = numberIn(knownInput(inputs, 1, 'exponents'), 'an exponent');
  return pointwise(tracer, required(inputs, 0), (b, x) => power(b, x, exponent));
};

const mod: OnnxRule = (tracer, node, inputs) => {
  if (node.number('fmod', 0) !== 0) throw new UnsupportedError('got fmod = 1, expected remainders of whole numbers');
  return entrywise('floorMod')(tracer, node, inputs);
};

/** A function that Programs lack, of numbers that are known while the graph is read, such as those of positions. */
function ofKnown(f: (x: number) => number): OnnxRule {
  return (_tracer, node, inputs) => {
    const operand = knownInput(inputs, 0, `operands of ${node.op}`);
    const values = (): Float64Array => Float64Array.from(numbersIn(operand, 'a number'), f);
    return {
      kind: 'static',
      element: operand.element,
      shape: operand.shape,
      name: `${operand.name}/${node.op}`,
      values,
    };
  };
}

/** The nearest whole number, the even one of two. */
function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(x);
}

/** Arithmetic entry by entry. */
export const arithmeticRules: OnnxRules = {
  Add: (tracer, _node, inputs) => affine(tracer, 'add', [required(inputs, 0), required(inputs, 1)]),
  Mul: (tracer, _node, inputs) => affine(tracer, 'mul', [required(inputs, 0), required(inputs, 1)]),
  Sub: entrywise('sub'),
  Div: entrywise('div'),
  Max: folding('maximum'),
  Min: folding('minimum'),
  Sum: folding('add'),
  Mean: mean,
  Neg: entrywise('neg'),
  Mod: mod,
  Equal: entrywise('equal'),
  Greater: entrywise('greater'),
  GreaterOrEqual: entrywise('greaterEqual'),
  Less: entrywise('less'),
  LessOrEqual: entrywise('lessEqual'),
  Not: entrywise('not'),
  And: entrywise('and'),
  Or: entrywise('or'),
  Xor: entrywise('notEqual'),
  IsNaN: (tracer, _node, inputs) =>
    elementwise(tracer, [required(inputs, 0), required(inputs, 0)], arithmetic.notEqual),
  Where: entrywise('where'),
  Pow: pow,
  Clip: clip,
  Sqrt: unary((b, x) => b.unary('sqrt', x)),
  Exp: unary((b, x) => b.unary('exp', x)),
  Log: unary((b, x) => b.unary('log', x)),
  Abs: unary((b, x) => b.unary('abs', x)),
  Erf: unary((b, x) => b.unary('erf', x)),
  Sign: unary((b, x) => b.unary('sign', x)),
  Sin: ofKnown(Math.sin),
  Cos: ofKnown(Math.cos),
  Floor: ofKnown(Math.floor),
  Ceil: ofKnown(Math.ceil),
  Round: ofKnown(roundHalfEven),
  Reciprocal: unary((b, x) => b.div(b.scalar(1), x)),
};
