import { floats, ints } from '../onnx-model.ts';
import { draw, node, one, scalar, type OpCase } from './op-case.ts';

/** Shapes and orders. */
export const shapes: Record<string, OpCase> = {
  'Reshape with zeros and the rest': one('Reshape', {}, { shape: [2, 6], tensors: { s: ints(0, 3, -1) } }),
  'Reshape to a computed shape': {
    shape: [2, 6],
    nodes: [
      node('Shape', 'x', 's'),
      node('Gather', 's zero', 'n'),
      node('Unsqueeze', 'n first', 'n1'),
      node('Concat', 'n1 rest', 't', { axis: 0 }),
      node('Reshape', 'x t'),
    ],
    tensors: { zero: { type: 'int64', shape: [], values: [0] }, first: ints(0), rest: ints(4, 3) },
  },
  'Flatten from axis 2': {
    shape: [2, 3, 4],
    nodes: [node('Reshape', 'x s', 'r'), node('Flatten', 'r', 'y', { axis: 1 })],
    tensors: { s: ints(0, 6, 4) },
  },
  Transpose: one('Transpose', { perm: [0, 2, 1] }),
  'Transpose, reversed twice': { shape: [2, 3], nodes: [node('Transpose', 'x', 't'), node('Transpose', 't')] },
  'Squeeze and Unsqueeze': {
    shape: [1, 3],
    nodes: [node('Squeeze', 'x a', 's'), node('Unsqueeze', 's b')],
    tensors: { a: ints(1), b: ints(1, 3) },
  },
  'Squeeze of every axis': { shape: [1, 3, 1], nodes: [node('Squeeze', 'x a')], tensors: { a: ints(-1, 1) } },
  'Expand of examples': one('Expand', {}, { shape: [1, 3], tensors: { s: ints(1, 4, 3) } }),
  'Expand of a weight for every example': {
    shape: [3],
    nodes: [node('Shape', 'x', 's'), node('Expand', 'w s', 'e'), node('Concat', 'x e', 'y', { axis: 1 })],
    tensors: { w: draw(1, 3) },
  },
  Tile: one('Tile', {}, { tensors: { r: ints(1, 2, 3) } }),
  'Concat of x and a product': {
    shape: [3],
    nodes: [node('Tanh', 'x', 't'), node('Concat', 'x t x', 'y', { axis: -1 })],
  },
  'DepthToSpace, depth first': one('DepthToSpace', { blocksize: 2 }, { shape: [8, 2, 3] }),
  'DepthToSpace, columns and rows first': one('DepthToSpace', { blocksize: 2, mode: 'CRD' }, { shape: [8, 2, 3] }),
  SpaceToDepth: one('SpaceToDepth', { blocksize: 2 }, { shape: [3, 4, 6] }),
  'Shape of some axes, Size and Range': {
    shape: [2, 3],
    nodes: [
      node('Shape', 'x', 's', { start: 1, end: 3 }),
      node('ReduceProd', 's', 'p', { keepdims: 0 }),
      node('Range', 'zero p one', 'r'),
      node('Cast', 'r', 'f', { to: 1 }),
      node('Reshape', 'x flat', 'v'),
      node('Add', 'v f', 'a'),
      node('Size', 's', 'count'),
      node('Cast', 'count', 'c', { to: 1 }),
      node('Mul', 'a c'),
    ],
    tensors: {
      zero: { type: 'int64', shape: [], values: [0] },
      one: { type: 'int64', shape: [], values: [1] },
      flat: ints(0, 6),
    },
  },
  'ConstantOfShape for every example': {
    shape: [3],
    nodes: [
      node('Shape', 'x', 's'),
      node('ConstantOfShape', 's', 'c', { value: floats([1], [2.5]) }),
      node('Mul', 'x c'),
    ],
  },
  'Constant of each kind': {
    shape: [3],
    nodes: [
      node('Constant', '', 'a', { value: floats([3], [1, 2, 3]) }),
      node('Constant', '', 'b', { value_float: 0.5 }),
      node('Constant', '', 'c', { value_ints: [0, 3] }),
      node('Mul', 'x a', 'd'),
      node('Add', 'd b', 'e'),
      node('Reshape', 'e c'),
    ].map((each) => (each.op === 'Constant' ? { ...each, inputs: [] } : each)),
  },
  'Trilu, upper': one('Trilu', {}, { shape: [3, 4] }),
  'Trilu, lower from a diagonal': one(
    'Trilu',
    { upper: 0 },
    { shape: [4, 3], tensors: { k: { type: 'int64', shape: [], values: [-1] } } },
  ),
  'Trilu as a causal mask': {
    shape: [3, 3],
    nodes: [
      node('ConstantOfShape', 's', 'ones', { value: floats([1], [1]) }),
      node('Trilu', 'ones', 'kept', { upper: 0 }),
      node('Cast', 'kept', 'c', { to: 9 }),
      node('Where', 'c x low', 'm'),
      node('Softmax', 'm'),
    ],
    tensors: { s: ints(3, 3), low: scalar(-Infinity) },
  },
  CumSum: one('CumSum', {}, { tensors: { a: { type: 'int64', shape: [], values: [1] } } }),
  'CumSum, exclusive and reverse': one(
    'CumSum',
    { exclusive: 1, reverse: 1 },
    { tensors: { a: { type: 'int64', shape: [], values: [-1] } } },
  ),
  'CumSum of positions': {
    shape: [3],
    nodes: [
      node('ConstantOfShape', 's', 'ones', { value: { type: 'int64', shape: [1], values: [1] } }),
      node('CumSum', 'ones a', 'p'),
      node('Cast', 'p', 'f', { to: 1 }),
      node('Add', 'x f'),
    ],
    tensors: { s: ints(3), a: { type: 'int64', shape: [], values: [0] } },
  },
};

/** Parts, repetitions, types and stored weights. */
export const selections: Record<string, OpCase> = {
  Slice: one('Slice', {}, { shape: [4, 6], tensors: { s: ints(1, 0), e: ints(3, 100), a: ints(1, 2), t: ints(1, 2) } }),
  'Slice backwards': one('Slice', {}, { shape: [5], tensors: { s: ints(-1), e: ints(-100), a: ints(1), t: ints(-2) } }),
  'Slice by negative numbers': one('Slice', {}, { shape: [5], tensors: { s: ints(-4), e: ints(-1), a: ints(-1) } }),
  'Split by sizes': {
    shape: [6],
    nodes: [node('Split', 'x s', 'a b', { axis: 1 }), node('Concat', 'b a', 'y', { axis: 1 })],
    tensors: { s: ints(2, 4) },
  },
  'Split evenly': {
    shape: [6],
    nodes: [node('Split', 'x', 'a b c', { axis: -1 }), node('Concat', 'c a b', 'y', { axis: 1 })],
  },
  'Split in a number of parts': {
    shape: [7],
    nodes: [node('Split', 'x', 'a b c', { axis: 1, num_outputs: 3 }), node('Concat', 'c b a', 'y', { axis: 1 })],
    opset: 18,
  },
  'Pad with zeros': one('Pad', {}, { tensors: { p: ints(0, 1, 0, 0, 0, 2) } }),
  'Pad with a number': one('Pad', { mode: 'constant' }, { tensors: { p: ints(0, 0, 1, 0, 0, 1), v: scalar(0.5) } }),
  'Pad of some axes': {
    shape: [2, 3],
    nodes: [node('Pad', 'x p - a')],
    tensors: { p: ints(1, 2), a: ints(-1) },
    opset: 18,
  },
  'Pad by reflection': one('Pad', { mode: 'reflect' }, { shape: [3, 4], tensors: { p: ints(0, 1, 2, 0, 2, 1) } }),
  'Pad by the edge': one('Pad', { mode: 'edge' }, { shape: [3, 4], tensors: { p: ints(0, 1, 0, 0, 2, 3) } }),
  'Pad, wrapping': one('Pad', { mode: 'wrap' }, { shape: [3], tensors: { p: ints(0, 1, 0, 2) }, opset: 19 }),
  'Pad by negative amounts': one('Pad', {}, { shape: [5], tensors: { p: ints(0, -1, 0, 2) } }),
  'Gather of one place': one('Gather', { axis: 1 }, { tensors: { i: { type: 'int64', shape: [], values: [1] } } }),
  'Gather of places': one(
    'Gather',
    { axis: -1 },
    { tensors: { i: { type: 'int64', shape: [2, 2], values: [2, 0, -1, 1] } } },
  ),
  'Gather of words': { shape: [4], nodes: [node('Gather', 'w x')], tensors: { w: draw(5, 3) }, words: 5 },
  'Identity and Dropout': {
    shape: [3],
    nodes: [node('Identity', 'x', 'i'), node('Dropout', 'i', 'd'), node('Tanh', 'd')],
  },
  'Cast of truth values': {
    shape: [3],
    nodes: [node('Greater', 'x z', 'g'), node('Cast', 'g', 'y', { to: 1 })],
    tensors: { z: scalar(0) },
  },
  'CastLike ': { shape: [3], nodes: [node('Greater', 'x z', 'g'), node('CastLike', 'g x')], tensors: { z: scalar(0) } },
  'DequantizeLinear of a weight': {
    shape: [3],
    nodes: [node('DequantizeLinear', 'q s z', 'w', { axis: 0 }), node('MatMul', 'x w')],
    tensors: {
      q: { type: 'int8', shape: [3, 2], values: [-100, 50, 7, 120, -3, 64] },
      s: floats([3], [0.01, 0.02, 0.005]),
      z: { type: 'int8', shape: [3], values: [0, 5, -7] },
    },
  },
  'DequantizeLinear with one scale': {
    shape: [2],
    nodes: [node('DequantizeLinear', 'q s', 'w'), node('MatMul', 'x w')],
    tensors: { q: { type: 'uint8', shape: [2, 2], values: [0, 200, 31, 128] }, s: scalar(0.02) },
  },
  'Weights of half precision': {
    shape: [2],
    nodes: [node('Cast', 'h', 'w', { to: 1 }), node('MatMul', 'x w')],
    tensors: { h: { type: 'float16', shape: [2, 2], values: [0x3c00, 0xb800, 0x4200, 0x2e66] } },
  },
};

const reductionNames = ['Sum', 'Mean', 'Max', 'Min', 'L1', 'L2', 'SumSquare', 'LogSumExp', 'Prod'];

/** Reductions of whole axes. */
export const reductions: Record<string, OpCase> = {
  ...Object.fromEntries(
    reductionNames.flatMap((name): [string, OpCase][] => [
      // ReduceSum has its axes as an input since operator set 13, the others since 18.
      [
        `Reduce${name} of an attribute, kept`,
        name === 'Sum'
          ? one('ReduceSum', {}, { tensors: { a: ints(1) } })
          : one(`Reduce${name}`, { axes: [1], keepdims: 1 }, { opset: 13 }),
      ],
      [
        `Reduce${name} of an input`,
        one(`Reduce${name}`, { keepdims: 0 }, { opset: 18, shape: [3, 2, 3], tensors: { a: ints(-1, 1) } }),
      ],
    ]),
  ),
  'ReduceLogSum ': {
    shape: [2, 3],
    nodes: [node('Exp', 'x', 'e'), node('ReduceLogSum', 'e a', 'y', { keepdims: 0 })],
    tensors: { a: ints(2) },
    opset: 18,
  },
  'ReduceSum of nothing': one('ReduceSum', { noop_with_empty_axes: 1 }),
};
