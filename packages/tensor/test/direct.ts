import type { ProgramNode, Shape } from '@ntk/tensor';

// Primitives by their definition, one element at a time from its index: written apart from the package's own evaluation,
// which walks strides and runs.

export interface DirectArray {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}

type Index = readonly number[];

/** All indices of a shape, in row-major order. */
export function indices(shape: Shape): Index[] {
  return shape.reduce<Index[]>(
    (all, extent) => all.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

function at({ data, shape }: DirectArray, index: Index): number {
  const flat = index.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);
  return data[flat]!;
}

/** The element that broadcasting reads: axes aligned at the last one, index 0 where the extent is 1. */
function stretched(array: DirectArray, index: Index): number {
  const own = index.slice(index.length - array.shape.length);
  return at(
    array,
    own.map((i, axis) => (array.shape[axis] === 1 ? 0 : i)),
  );
}

/** One element of the result of a node. */
export function element(node: ProgramNode, operands: readonly DirectArray[], index: Index): number {
  const [a, b, c] = operands as [DirectArray, DirectArray, DirectArray];
  switch (node.op) {
    case 'constant':
      return at({ data: node.attributes.values, shape: node.attributes.shape }, index);
    case 'where':
      return stretched(a, index) === 0 ? stretched(c, index) : stretched(b, index);
    case 'matmul':
      return product(node.attributes, a, b, index);
    case 'sum':
      return reduced(node.attributes.axes, a, index).reduce((sum, x) => sum + x, 0);
    case 'max':
      return reduced(node.attributes.axes, a, index).reduce((most, x) => (x > most ? x : most), -Infinity);
    case 'reshape':
      return a.data[indices(node.shape).findIndex((each) => each.join() === index.join())]!;
    case 'transpose': {
      const source = a.shape.map(() => 0);
      node.attributes.permutation.forEach((axis, i) => (source[axis] = index[i]!));
      return at(a, source);
    }
    case 'broadcastTo':
      return stretched(a, index);
    case 'concat':
      return joined(node.attributes.axis, operands, index);
    case 'slice': {
      const { axis, start, step } = node.attributes;
      return at(a, index.with(axis, start + index[axis]! * step));
    }
    case 'pad': {
      const { axis, before, step } = node.attributes;
      const source = (index[axis]! - before) / step;
      return Number.isInteger(source) && source >= 0 && source < a.shape[axis]! ? at(a, index.with(axis, source)) : 0;
    }
    case 'gather': {
      const { axis } = node.attributes;
      const rank = b.shape.length;
      return at(a, [...index.slice(0, axis), at(b, index.slice(axis, axis + rank)), ...index.slice(axis + rank)]);
    }
    case 'scatterAdd': {
      const { axis } = node.attributes;
      const added = indices(b.shape).filter((each) => at(b, each) === index[axis]);
      return added.reduce((sum, i) => sum + at(a, [...index.slice(0, axis), ...i, ...index.slice(axis + 1)]), 0);
    }
    default:
      return operands.length === 1
        ? ofOne[node.op as keyof typeof ofOne](at(a, index))
        : ofTwo[node.op as keyof typeof ofTwo](stretched(a, index), stretched(b, index));
  }
}

function product(
  { transposeA, transposeB }: { readonly transposeA: boolean; readonly transposeB: boolean },
  a: DirectArray,
  b: DirectArray,
  index: Index,
): number {
  const batch = index.slice(0, -2);
  const [i, j] = index.slice(-2) as [number, number];
  const entry = (array: DirectArray, row: number, column: number): number => {
    const leading = batch.slice(batch.length - (array.shape.length - 2));
    return at(array, [...leading.map((l, axis) => (array.shape[axis] === 1 ? 0 : l)), row, column]);
  };
  let sum = 0;
  for (let k = 0; k < a.shape.at(transposeA ? -2 : -1)!; k++) {
    sum += (transposeA ? entry(a, k, i) : entry(a, i, k)) * (transposeB ? entry(b, j, k) : entry(b, k, j));
  }
  return sum;
}

/** What is reduced to one element: the entries whose index agrees with it on the axes that are kept. */
function reduced(axes: readonly number[], a: DirectArray, index: Index): number[] {
  const agrees = (each: Index): boolean => each.filter((_, axis) => !axes.includes(axis)).join() === index.join();
  return indices(a.shape)
    .filter(agrees)
    .map((each) => at(a, each));
}

function joined(axis: number, operands: readonly DirectArray[], index: Index): number {
  let i = index[axis]!;
  for (const operand of operands) {
    if (i < operand.shape[axis]!) return at(operand, index.with(axis, i));
    i -= operand.shape[axis]!;
  }
  return NaN;
}

/** The error function as the integral of its density, by Simpson's rule. */
function errorFunction(x: number): number {
  const n = 2000;
  const f = (i: number): number => Math.exp(-(((x * i) / n) ** 2));
  let sum = f(0) + f(n);
  for (let i = 1; i < n; i++) sum += (i % 2 === 1 ? 4 : 2) * f(i);
  return (2 / Math.sqrt(Math.PI)) * sum * (x / (3 * n));
}

const ofOne = {
  neg: (x: number) => 0 - x,
  abs: (x: number) => Math.sqrt(x * x),
  sign: (x: number) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  exp: (x: number) => Math.E ** x,
  log: (x: number) => Math.log10(x) * Math.LN10,
  sqrt: (x: number) => x ** 0.5,
  tanh: (x: number) => Math.sinh(x) / Math.cosh(x),
  sigmoid: (x: number) => 0.5 * (1 + Math.tanh(x / 2)),
  relu: (x: number) => (x > 0 ? x : 0),
  erf: errorFunction,
};

const ofTwo = {
  add: (x: number, y: number) => x + y,
  sub: (x: number, y: number) => x - y,
  mul: (x: number, y: number) => x * y,
  div: (x: number, y: number) => x / y,
  maximum: (x: number, y: number) => (x > y ? x : y),
  minimum: (x: number, y: number) => (x < y ? x : y),
  greater: (x: number, y: number) => Number(x > y),
  greaterEqual: (x: number, y: number) => Number(x >= y),
  equal: (x: number, y: number) => Number(x === y),
};
