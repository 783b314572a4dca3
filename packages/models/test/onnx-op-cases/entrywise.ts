import { floats, ints } from '../onnx-model.ts';
import { draw, images, node, one, pointwise, positive, scalar, type OpCase } from './op-case.ts';

/** Arithmetic, entry by entry. */
export const arithmetic: Record<string, OpCase> = {
  'Add of a vector': one('Add', {}, { tensors: { w: draw(3) } }),
  'Add of itself': { shape: [3], nodes: [node('Add', 'x x')] },
  'Sub of a matrix': one('Sub', {}, { tensors: { w: draw(2, 1) } }),
  'Sub from a number': { shape: [3], nodes: [node('Sub', 'w x')], tensors: { w: scalar(1.5) } },
  Mul: one('Mul', {}, { tensors: { w: draw(1, 2, 3) } }),
  'Div by a number': one('Div', {}, { tensors: { w: scalar(3) } }),
  'Div of a number': { shape: [3], nodes: [node('Exp', 'x', 'p'), node('Div', 'w p')], tensors: { w: scalar(2) } },
  'Max of three': one('Max', {}, { tensors: { v: draw(3), w: draw(2, 3) } }),
  'Min of two': one('Min', {}, { tensors: { w: draw(2, 3) } }),
  'Sum of three': one('Sum', {}, { tensors: { v: draw(3), w: draw(2, 3) } }),
  'Mean of three': one('Mean', {}, { tensors: { v: draw(3), w: draw(2, 3) } }),
  Neg: pointwise('Neg'),
  Abs: pointwise('Abs'),
  Exp: pointwise('Exp'),
  Erf: pointwise('Erf'),
  Sign: pointwise('Sign'),
  Log: positive('Log'),
  Sqrt: positive('Sqrt'),
  Reciprocal: positive('Reciprocal'),
  'Pow 2': one('Pow', {}, { tensors: { p: scalar(2) } }),
  'Pow 3': one('Pow', {}, { tensors: { p: floats([1], [3]) } }),
  'Pow -1.5': { shape: [4], nodes: [node('Exp', 'x', 'e'), node('Pow', 'e p')], tensors: { p: scalar(-1.5) } },
  'Pow of a base': { shape: [4], nodes: [node('Pow', 'p x')], tensors: { p: scalar(2.5) } },
  'Clip on both sides': one('Clip', {}, { tensors: { low: scalar(-0.5), high: scalar(0.75) } }),
  'Clip above': { shape: [4], nodes: [node('Clip', 'x - high')], tensors: { high: scalar(0.25) } },
  ...Object.fromEntries(
    ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].map((op) => [
      `${op} and Where`,
      {
        shape: [3],
        nodes: [node('Relu', 'x', 'r'), node(op, 'x r', 'c'), node('Where', 'c x w')],
        tensors: { w: draw(3) },
      },
    ]),
  ),
  ...Object.fromEntries(
    ['And', 'Or', 'Xor'].map((op) => [
      `${op}, Not`,
      {
        shape: [4],
        nodes: [
          node('Greater', 'x low', 'a'),
          node('Less', 'x high', 'b'),
          node(op, 'a b', 'c'),
          node('Not', 'c', 'd'),
          node('Where', 'd x low'),
        ],
        tensors: { low: scalar(-0.3), high: scalar(0.6) },
      },
    ]),
  ),
  IsNaN: { shape: [4], nodes: [node('Log', 'x', 'l'), node('IsNaN', 'l', 'c'), node('Where', 'c x l')] },
  'Sin, Cos, Floor, Ceil and Round of positions': {
    shape: [5],
    nodes: [
      ...['Sin', 'Cos', 'Floor', 'Ceil', 'Round'].map((op) => node(op, 'positions', op)),
      node('Sum', 'x Sin Cos Floor Ceil Round'),
    ],
    tensors: { positions: floats([5], [-1.5, -0.4, 0.5, 1.7, 2.5]) },
  },
  'Mod of whole numbers': {
    shape: [4],
    nodes: [node('Mod', 'a b', 'm'), node('Cast', 'm', 'f', { to: 1 }), node('Add', 'x f')],
    tensors: { a: ints(-5, -1, 4, 7), b: ints(3, 3, 3, -4) },
  },
};

/** Functions between layers. */
export const activations: Record<string, OpCase> = {
  Relu: pointwise('Relu'),
  LeakyRelu: pointwise('LeakyRelu'),
  'LeakyRelu with alpha': pointwise('LeakyRelu', { alpha: 0.3 }),
  ThresholdedRelu: pointwise('ThresholdedRelu', { alpha: 0.4 }),
  'PRelu of channels': one('PRelu', {}, { ...images, tensors: { w: draw(4, 1, 1) } }),
  'PRelu of one number': one('PRelu', {}, { tensors: { w: floats([1], [0.2]) } }),
  Elu: pointwise('Elu'),
  'Elu with alpha': pointwise('Elu', { alpha: 0.6 }),
  Selu: pointwise('Selu'),
  'Selu with numbers': pointwise('Selu', { alpha: 1.1, gamma: 0.9 }),
  Celu: pointwise('Celu', { alpha: 1.7 }),
  'Gelu, opset 20': pointwise('Gelu', {}, 20),
  'Gelu by tanh': pointwise('Gelu', { approximate: 'tanh' }, 20),
  Sigmoid: pointwise('Sigmoid'),
  HardSigmoid: pointwise('HardSigmoid'),
  'HardSigmoid with numbers': pointwise('HardSigmoid', { alpha: 0.35, beta: 0.4 }),
  HardSwish: pointwise('HardSwish'),
  Mish: pointwise('Mish', {}, 18),
  Shrink: pointwise('Shrink', { lambd: 0.4, bias: 0.2 }),
  Tanh: pointwise('Tanh'),
  Softplus: pointwise('Softplus'),
  Softsign: pointwise('Softsign'),
  Softmax: one('Softmax'),
  'Softmax over another axis': one('Softmax', { axis: 1 }, { opset: 13 }),
  LogSoftmax: one('LogSoftmax', { axis: -2 }),
};

/** Products of matrices. */
export const linear: Record<string, OpCase> = {
  'MatMul by a matrix': one('MatMul', {}, { tensors: { w: draw(3, 4) } }),
  'MatMul by a vector': one('MatMul', {}, { tensors: { w: draw(3) } }),
  'MatMul of a matrix with x': { shape: [3, 2], nodes: [node('MatMul', 'w x')], tensors: { w: draw(4, 3) } },
  'MatMul of x with itself': {
    shape: [2, 3],
    nodes: [node('Transpose', 'x', 't', { perm: [0, 2, 1] }), node('MatMul', 'x t')],
  },
  'Gemm with every flag': {
    shape: [3],
    nodes: [
      node('Transpose', 'x', 't', { perm: [1, 0] }),
      node('Gemm', 't w b', 'y', { transA: 1, transB: 1, alpha: 0.5, beta: { float: 2 } }),
    ],
    tensors: { w: draw(4, 3), b: draw(4) },
  },
  'Gemm without bias': one('Gemm', {}, { shape: [3], tensors: { w: draw(3, 2) } }),
  'Gemm with one bias': one('Gemm', { transB: 1 }, { shape: [3], tensors: { w: draw(2, 3), b: draw(1, 1) } }),
  'Einsum, a projection': one('Einsum', { equation: 'nij,jk->nki' }, { tensors: { w: draw(3, 4) } }),
  'Einsum of scores': { shape: [2, 3], nodes: [node('Einsum', 'x x', 'y', { equation: 'nqd,nkd->nqk' })] },
  'Einsum of heads': {
    shape: [2, 6],
    nodes: [
      node('Reshape', 'x s', 'h'),
      node('Einsum', 'h h', 'a', { equation: 'nqhd,nkhd->nhqk' }),
      node('Einsum', 'a h', 'y', { equation: 'nhqk,nkhd->nqhd' }),
    ],
    tensors: { s: ints(0, 2, 3, 2) },
  },
  'Einsum of one operand': one('Einsum', { equation: '...ij->...j' }),
};
