import type { ProgramBuilder } from '../../builder.ts';
import type { BinaryPrimitive, Primitive, UnaryPrimitive } from '../../primitives/attributes.ts';
import type { Value } from '../../program.ts';
import { broadcastShapes, sizeOf, type Shape } from '../../shape.ts';
import type { Known, Place, Recipe } from './recipe.ts';
import { WINDOW_RECIPES } from './window-recipes.ts';

/** A value chosen among those that satisfy a condition. */
function partner({ known, choice }: Place, fits: (each: Known) => boolean): Known | undefined {
  const candidates = known.filter(fits);
  return candidates[choice % candidates.length];
}

function broadcasts(a: Shape, b: Shape): boolean {
  try {
    return sizeOf(broadcastShapes(a, b)) > 0;
  } catch {
    return false;
  }
}

/** x² + 1: positive, for roots, logarithms and divisors. */
function positive(b: ProgramBuilder, { value, bound }: Known): Known {
  return { value: b.add(b.mul(value, value), b.scalar(1)), bound: bound * bound + 1, exact: false };
}

function unary(op: UnaryPrimitive, bound: (own: number) => number, keepsExact = false): Recipe {
  return {
    needs: [op],
    apply: ({ b, a }) => ({ value: b.unary(op, a.value), bound: bound(a.bound), exact: keepsExact && a.exact }),
  };
}

function ofPositive(op: 'log' | 'sqrt', bound: (own: number) => number): Recipe {
  return {
    needs: [op, 'mul', 'add', 'constant'],
    apply: ({ b, a }) => {
      const x = positive(b, a);
      return { value: b.unary(op, x.value), bound: bound(x.bound), exact: false };
    },
  };
}

function binary(op: BinaryPrimitive, bound: (x: number, y: number) => number, keepsExact = false): Recipe {
  return {
    needs: [op],
    apply: (place) => {
      const { b, a } = place;
      const other = partner(place, (each) => broadcasts(b.shape(a.value), b.shape(each.value)))!;
      const exact = keepsExact && a.exact && other.exact;
      return { value: b.binary(op, a.value, other.value), bound: bound(a.bound, other.bound), exact };
    },
  };
}

function comparison(op: BinaryPrimitive): Recipe {
  return {
    needs: [op],
    apply: (place) => {
      const { b, a } = place;
      if (!a.exact) return undefined;
      const other = partner(place, (each) => each.exact && broadcasts(b.shape(a.value), b.shape(each.value)))!;
      return { value: b.binary(op, a.value, other.value), bound: 1, exact: true };
    },
  };
}

const quotient: Recipe = {
  needs: ['div', 'mul', 'add', 'constant'],
  apply: (place) => {
    const { b, a } = place;
    const other = partner(place, (each) => broadcasts(b.shape(a.value), b.shape(each.value)))!;
    return { value: b.div(a.value, positive(b, other).value), bound: a.bound, exact: false };
  },
};

const choose: Recipe = {
  needs: ['where'],
  apply: (place) => {
    const { b, a } = place;
    if (!a.exact) return undefined;
    const other = partner(place, (each) => broadcasts(b.shape(a.value), b.shape(each.value)))!;
    const value = b.where(a.value, other.value, a.value);
    return { value, bound: Math.max(a.bound, other.bound), exact: other.exact };
  },
};

const sign: Recipe = {
  needs: ['sign'],
  apply: ({ b, a }) => (a.exact ? { value: b.unary('sign', a.value), bound: 1, exact: true } : undefined),
};

const exp: Recipe = {
  needs: ['exp'],
  apply: ({ b, a }) =>
    a.bound <= 4 ? { value: b.unary('exp', a.value), bound: Math.exp(a.bound), exact: false } : undefined,
};

const product: Recipe = {
  needs: ['matmul'],
  apply: (place) => {
    const { b, a, choice } = place;
    const shape = b.shape(a.value);
    if (shape.length < 2) return undefined;
    const transposeA = choice % 2 === 1;
    const inner = shape.at(transposeA ? -2 : -1)!;
    const fits = (each: Known): boolean => {
      const other = b.shape(each.value);
      return other.length >= 2 && other.at(-2) === inner && broadcasts(shape.slice(0, -2), other.slice(0, -2));
    };
    // Where nothing fits, the operand fits itself: a aᵀ or aᵀ a.
    const other = partner(place, fits);
    const value =
      other === undefined
        ? b.matmul(a.value, a.value, { transposeA, transposeB: !transposeA })
        : b.matmul(a.value, other.value, { transposeA });
    return { value, bound: inner * a.bound * (other ?? a).bound, exact: false };
  },
};

function reduction(op: 'sum' | 'max'): Recipe {
  return {
    needs: [op],
    apply: ({ b, a, choice }) => {
      const shape = b.shape(a.value);
      const axes = shape.flatMap((_, axis) => (((choice + 1) >> axis) % 2 === 1 ? [axis] : []));
      const terms = axes.reduce((count, axis) => count * shape[axis]!, 1);
      const bound = op === 'sum' ? terms * a.bound : a.bound;
      return {
        value: op === 'sum' ? b.sum(a.value, axes) : b.max(a.value, axes),
        bound,
        exact: op === 'max' && a.exact,
      };
    },
  };
}

/** A recipe that only moves data, so that the bound and the exactness stay. */
function movement(op: Primitive, move: (b: ProgramBuilder, x: Value, choice: number) => Value): Recipe {
  return { needs: [op], apply: ({ b, a, choice }) => ({ ...a, value: move(b, a.value, choice) }) };
}

/** Only for values with an axis to act on. */
function along(op: Primitive, move: (b: ProgramBuilder, x: Value, axis: number, choice: number) => Value): Recipe {
  return {
    needs: [op],
    apply: ({ b, a, choice }) => {
      const rank = b.shape(a.value).length;
      if (rank === 0) return undefined;
      return { ...a, value: move(b, a.value, choice % rank, Math.floor(choice / rank)) };
    },
  };
}

const joined: Recipe = {
  needs: ['concat'],
  apply: (place) => {
    const { b, a, choice } = place;
    const shape = b.shape(a.value);
    if (shape.length === 0) return undefined;
    const axis = choice % shape.length;
    const fits = (each: Known): boolean => {
      const other = b.shape(each.value);
      return other.length === shape.length && other.every((extent, i) => i === axis || extent === shape[i]);
    };
    const other = partner(place, fits)!;
    const value = b.concat([a.value, other.value, a.value], axis);
    return { value, bound: Math.max(a.bound, other.bound), exact: a.exact && other.exact };
  },
};

/** Indices are a constant, so that they are valid for any extent. */
const picked: Recipe = {
  needs: ['gather', 'constant'],
  apply: ({ b, a, choice }) => {
    const shape = b.shape(a.value);
    if (shape.length === 0) return undefined;
    const axis = choice % shape.length;
    const indices = [choice % shape[axis]!, 0, (choice >> 2) % shape[axis]!];
    return { ...a, value: b.gather(a.value, b.constant(indices, choice % 2 === 0 ? [3] : [1, 3]), axis) };
  },
};

const gathered: Recipe = {
  needs: ['scatterAdd', 'constant'],
  apply: ({ b, a, choice }) => {
    const shape = b.shape(a.value);
    if (shape.length === 0) return undefined;
    const axis = choice % shape.length;
    // A constant holds 128 numbers.
    if (shape[axis]! > 128) return undefined;
    const indices = Array.from({ length: shape[axis]! }, (_, i) => (i * (choice + 1)) % 3);
    const value = b.scatterAdd(a.value, b.constant(indices, [indices.length]), { axis, extent: 3 });
    return { value, bound: a.bound * indices.length, exact: false };
  },
};

const literal: Recipe = {
  needs: ['constant'],
  apply: ({ b, choice }) => {
    const values = Array.from({ length: (choice % 3) + 1 }, (_, i) => (((choice + 5 * i) % 17) - 8) / 8);
    return {
      value: b.constant(values, choice % 2 === 0 ? [values.length] : [values.length, 1]),
      bound: 1,
      exact: true,
    };
  },
};

/** At least one for each primitive. */
export const RECIPES: readonly Recipe[] = [
  ...WINDOW_RECIPES,
  unary('neg', (x) => x, true),
  unary('abs', (x) => x, true),
  unary('relu', (x) => x, true),
  unary('tanh', () => 1),
  unary('sigmoid', () => 1),
  unary('erf', () => 1),
  sign,
  exp,
  ofPositive('log', Math.log),
  ofPositive('sqrt', Math.sqrt),
  binary('add', (x, y) => x + y),
  binary('sub', (x, y) => x + y),
  binary('mul', (x, y) => x * y),
  binary('maximum', Math.max, true),
  binary('minimum', Math.max, true),
  quotient,
  comparison('greater'),
  comparison('greaterEqual'),
  comparison('equal'),
  choose,
  product,
  reduction('sum'),
  reduction('max'),
  joined,
  picked,
  gathered,
  literal,
  movement('reshape', (b, x, choice) => {
    const shape = b.shape(x);
    const shapes: readonly Shape[] = [
      [-1],
      [...shape, 1],
      [1, ...shape],
      shape.length < 2 ? shape : [-1, ...shape.slice(2)],
    ];
    return b.reshape(x, shapes[choice % shapes.length]!);
  }),
  movement('transpose', (b, x, choice) => {
    const axes = b.shape(x).map((_, axis) => axis);
    const turn = choice % Math.max(1, axes.length);
    return b.transpose(x, [...axes.slice(turn), ...axes.slice(0, turn)]);
  }),
  movement('broadcastTo', (b, x, choice) => {
    const kept = b.shape(x).map((extent) => (extent === 1 && choice % 2 === 0 ? 2 : -1));
    return b.broadcastTo(x, choice % 3 === 0 ? kept : [(choice % 3) + 1, ...kept]);
  }),
  along('slice', (b, x, axis, choice) => {
    const extent = b.shape(x)[axis]!;
    return b.slice(x, axis, { start: choice % extent, step: (choice % 2) + 1 });
  }),
  along('pad', (b, x, axis, choice) => {
    return b.pad(x, axis, { before: choice % 2, after: (choice >> 1) % 2, step: ((choice >> 2) % 2) + 1 });
  }),
];
