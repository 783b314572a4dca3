import type { ProgramNode, Shape, Sliding } from '@ntk/tensor';

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
    case 'conv2d': {
      const { kernel, groups } = { kernel: b.shape.slice(0, 2), groups: node.attributes.groups };
      const [n, row, column, channel] = index as [number, number, number, number];
      const first = Math.floor(channel / (b.shape[3]! / groups)) * b.shape[2]!;
      return indices([...kernel, b.shape[2]!]).reduce((sum, [i, j, c]) => {
        const [y, x] = pixel(node.attributes, [row, column], [i!, j!]);
        return sum + inside(a, [n, y, x, first + c!]) * at(b, [i!, j!, c!, channel]);
      }, 0);
    }
    case 'conv2dTranspose': {
      const perGroup = b.shape[3]! / node.attributes.groups;
      const [n, y, x, channel] = index as [number, number, number, number];
      const group = Math.floor(channel / b.shape[2]!);
      const taps = indices([...a.shape.slice(1, 3), ...b.shape.slice(0, 2)]).filter(([row, column, i, j]) => {
        return pixel(node.attributes, [row!, column!], [i!, j!]).join() === [y, x].join();
      });
      return taps.reduce((sum, [row, column, i, j]) => {
        const written = indices([perGroup]).map(([c]) => group * perGroup + c!);
        const tap = (c: number): number => at(a, [n, row!, column!, c]) * at(b, [i!, j!, channel % b.shape[2]!, c]);
        return written.reduce((total, c) => total + tap(c), sum);
      }, 0);
    }
    case 'patches': {
      const [n, row, column, entry] = index as [number, number, number, number];
      const tap = Math.floor(entry / a.shape[3]!);
      const width = node.attributes.kernel[1]!;
      return inside(a, [
        n,
        ...pixel(node.attributes, [row, column], [Math.floor(tap / width), tap % width]),
        entry % a.shape[3]!,
      ]);
    }
    case 'fold': {
      const [n, y, x, channel] = index as [number, number, number, number];
      const { kernel } = node.attributes;
      const taps = indices([...a.shape.slice(1, 3), ...kernel]).filter(([row, column, i, j]) => {
        return pixel(node.attributes, [row!, column!], [i!, j!]).join() === [y, x].join();
      });
      const entry = (i: number, j: number): number => (i * kernel[1]! + j) * node.shape[3]! + channel;
      return taps.reduce((sum, [row, column, i, j]) => sum + at(a, [n, row!, column!, entry(i!, j!)]), 0);
    }
    default:
      return operands.length === 1
        ? ofOne[node.op as keyof typeof ofOne](at(a, index))
        : ofTwo[node.op as keyof typeof ofTwo](stretched(a, index), stretched(b, index));
  }
}

/** Where a tap of a window reads, which may be outside. */
function pixel(
  { strides, pads, dilations }: Sliding,
  [row, column]: readonly [number, number],
  [i, j]: readonly [number, number],
): [y: number, x: number] {
  return [row * strides[0]! + i * dilations[0]! - pads[0]!, column * strides[1]! + j * dilations[1]! - pads[2]!];
}

/** An element, 0 outside. */
function inside(array: DirectArray, index: Index): number {
  return index.every((i, axis) => i >= 0 && i < array.shape[axis]!) ? at(array, index) : 0;
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
