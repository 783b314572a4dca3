import { UnsupportedError, type BinaryPrimitive, type ProgramBuilder, type Value } from '@ntk/tensor';
import { asNumber, equals, isPerExample, over, plus, times, type Extent } from '../extent.ts';
import type { Elementwise } from './elementwise.ts';

/** Names of the arithmetic that sources of networks share. */
export type ArithmeticName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'maximum'
  | 'minimum'
  | 'neg'
  | 'equal'
  | 'notEqual'
  | 'greater'
  | 'greaterEqual'
  | 'less'
  | 'lessEqual'
  | 'not'
  | 'and'
  | 'or'
  | 'where'
  | 'squaredDifference'
  | 'floorMod';

function binary(op: BinaryPrimitive): Elementwise['formula'] {
  return (b, [x, y]) => b.binary(op, x!, y!);
}

/** The same with the operands exchanged. */
function exchanged(op: BinaryPrimitive): Elementwise['formula'] {
  return (b, [x, y]) => b.binary(op, y!, x!);
}

/** A comparison that gives truth values. */
function comparison(formula: Elementwise['formula'], holds: (...extents: Extent[]) => boolean): Elementwise {
  return { formula, integers: (...extents) => (holds(...extents) ? 1 : 0), element: 'bool' };
}

/** a > b; a multiple of the number of examples is larger than anything that is smaller for one example. */
function isGreater(a: Extent, b: Extent): boolean {
  if (isPerExample(a) && !isPerExample(b) && b < a.perExample) return true;
  if (isPerExample(b) && !isPerExample(a) && a <= b.perExample) return false;
  return asNumber(a, 'a number to compare') > asNumber(b, 'a number to compare');
}

/** 1 - x: the opposite of a truth value. */
function opposite(b: ProgramBuilder, x: Value): Value {
  return b.sub(b.scalar(1), x);
}

/** Operations entry by entry, in the Program and on whole numbers. */
export const arithmetic: { readonly [N in ArithmeticName]: Elementwise } = {
  add: { formula: binary('add'), integers: (a, c) => plus(a, c) },
  sub: { formula: binary('sub'), integers: (a, c) => plus(a, times(c, -1)) },
  mul: { formula: binary('mul'), integers: (a, c) => times(a, c) },
  div: { formula: binary('div'), integers: (a, c) => over(a, c) },
  maximum: { formula: binary('maximum'), integers: (a, c) => (isGreater(a, c) ? a : c) },
  minimum: { formula: binary('minimum'), integers: (a, c) => (isGreater(a, c) ? c : a) },
  neg: { formula: (b, [x]) => b.neg(x!), integers: (a) => times(a, -1) },
  equal: comparison(binary('equal'), (a, c) => equals(a, c)),
  notEqual: comparison(
    (b, [x, y]) => opposite(b, b.binary('equal', x!, y!)),
    (a, c) => !equals(a, c),
  ),
  greater: comparison(binary('greater'), (a, c) => isGreater(a, c)),
  greaterEqual: comparison(binary('greaterEqual'), (a, c) => !isGreater(c, a)),
  less: comparison(exchanged('greater'), (a, c) => isGreater(c, a)),
  lessEqual: comparison(exchanged('greaterEqual'), (a, c) => !isGreater(a, c)),
  not: comparison(
    (b, [x]) => opposite(b, x!),
    (a) => a === 0,
  ),
  and: comparison(binary('minimum'), (a, c) => a !== 0 && c !== 0),
  or: comparison(binary('maximum'), (a, c) => a !== 0 || c !== 0),
  where: { formula: (b, [c, x, y]) => b.where(c!, x!, y!), integers: (c, x, y) => (c !== 0 ? x : y) },
  squaredDifference: {
    formula: (b, [x, y]) => {
      const difference = b.sub(x!, y!);
      return b.mul(difference, difference);
    },
  },
  floorMod: {
    formula: () => {
      throw new UnsupportedError('got a remainder of real numbers, expected one of whole numbers in shapes');
    },
    integers: (a, c) => {
      const [x, y] = [asNumber(a, 'a dividend'), asNumber(c, 'a divisor')];
      return ((x % y) + y) % y;
    },
  },
};
