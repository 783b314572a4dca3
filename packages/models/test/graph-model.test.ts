import { parseGraphModel } from '@ntk/models';
import { Rng, sizeOf } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import {
  attr,
  graphFiles,
  loadGraph,
  runGraph,
  type Attribute,
  type GraphFiles,
  type HandConstant,
} from './graph-files.ts';
import { outputsOf, randomInputs, worst } from './tfjs.ts';

/** One operation on the network's input, with constants after it or before it. */
interface Case {
  readonly op: string;
  /** Of one example. */
  readonly input: readonly number[];
  readonly constants?: readonly HandConstant[];
  /** Where the input stands among the operands. */
  readonly at?: number;
  readonly attr?: Readonly<Record<string, Attribute>>;
  /** Which output is looked at. */
  readonly output?: number;
  /** How often the input is an operand. */
  readonly times?: number;
  readonly inputType?: 'DT_INT32';
  /** Applied to the input first, so that the operation is defined everywhere. */
  readonly first?: string;
  /** The values, for one example, where TensorFlow.js has the operation not or wrong. */
  readonly want?: (x: Float32Array) => readonly number[];
}

const rng = new Rng('graph-model');

/** A constant of random numbers. */
function draw(...shape: number[]): HandConstant {
  return { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => 0.7 * rng.normal()) };
}

const positive = (...shape: number[]): HandConstant => ({
  shape,
  values: Float32Array.from({ length: sizeOf(shape) }, () => 0.5 + rng.uniform()),
});
const float = (value: number): HandConstant => ({ shape: [], values: [value] });
const int = (value: number): HandConstant => ({ shape: [], values: [value], dtype: 'int32' });
const ints = (...values: number[]): HandConstant => ({ shape: [values.length], values, dtype: 'int32' });

const { text, texts, flag } = attr;
const convolution = (padding: string, strides = 1, dilations = 1): Record<string, Attribute> => ({
  padding: text(padding),
  strides: attr.ints(1, strides, strides, 1),
  dilations: attr.ints(1, dilations, dilations, 1),
  data_format: text('NHWC'),
});
const window = (padding: string, size: number, strides: number): Record<string, Attribute> => ({
  ...convolution(padding, strides),
  ksize: attr.ints(1, size, size, 1),
});
const explicit = {
  ...convolution('EXPLICIT', 2),
  explicit_paddings: attr.ints(0, 0, 2, 1, 0, 3, 0, 0),
};

const unary = (op: string, first?: string): Case => ({ op, input: [3, 4], ...(first && { first }) });
const withConstant = (op: string, constant = draw(4)): Case => ({ op, input: [3, 4], constants: [constant] });
const reduction = (op: string, keep: boolean): Case => ({
  op,
  input: [3, 4, 2],
  constants: [ints(-1, 1)],
  attr: { keep_dims: flag(keep) },
});

const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    [
      'Relu',
      'Relu6',
      'Elu',
      'Selu',
      'Softplus',
      'Tanh',
      'Sigmoid',
      'Erf',
      'Exp',
      'Expm1',
      'Neg',
      'Abs',
      'Sign',
      'Square',
      'Softmax',
      'LogSoftmax',
      'Identity',
      'StopGradient',
      'ZerosLike',
      'OnesLike',
    ].map((op) => [op, unary(op)]),
  ),
  ...Object.fromEntries(['Sqrt', 'Rsqrt', 'Log', 'Log1p', 'Reciprocal'].map((op) => [op, unary(op, 'Softplus')])),
  ...Object.fromEntries(
    ['Add', 'AddV2', 'BiasAdd', 'Sub', 'Mul', 'Maximum', 'Minimum', 'SquaredDifference'].map((op) => [
      op,
      withConstant(op),
    ]),
  ),
  RealDiv: withConstant('RealDiv', positive(4)),
  AddN: { op: 'AddN', input: [4], times: 3 },
  'Pow with a whole exponent': withConstant('Pow', float(3)),
  'Pow with another': { ...withConstant('Pow', float(1.7)), first: 'Softplus' },
  ClipByValue: { op: 'ClipByValue', input: [3, 4], constants: [float(-0.5), float(0.8)] },
  LeakyRelu: { op: 'LeakyRelu', input: [4], attr: { alpha: attr.float(0.3) } },
  Prelu: withConstant('Prelu'),
  MatMul: { op: 'MatMul', input: [3], constants: [draw(3, 5)] },
  'MatMul of a transposed weight': {
    op: 'MatMul',
    input: [3],
    constants: [draw(5, 3)],
    attr: { transpose_b: flag(true) },
  },
  BatchMatMulV2: { op: 'BatchMatMulV2', input: [4, 3], constants: [draw(3, 5)] },
  'BatchMatMulV2 of each example with itself': {
    op: 'BatchMatMulV2',
    input: [4, 3],
    times: 2,
    attr: { adj_y: flag(true) },
  },
  ...Object.fromEntries(
    ['Relu', 'Relu6', 'Elu', 'Sigmoid'].map((op) => [
      `_FusedMatMul with ${op}`,
      {
        op: '_FusedMatMul',
        input: [3],
        constants: [draw(3, 5), draw(5)],
        attr: { fused_ops: texts('BiasAdd', op), num_args: attr.int(1) },
      },
    ]),
  ),
  '_FusedMatMul with LeakyRelu': {
    op: '_FusedMatMul',
    input: [3],
    constants: [draw(3, 5), draw(5)],
    attr: { fused_ops: texts('BiasAdd', 'LeakyRelu'), num_args: attr.int(1), leakyrelu_alpha: attr.float(0.3) },
  },
  'Conv2D SAME': { op: 'Conv2D', input: [5, 6, 2], constants: [draw(3, 2, 2, 4)], attr: convolution('SAME') },
  'Conv2D VALID in strides': {
    op: 'Conv2D',
    input: [5, 6, 2],
    constants: [draw(3, 2, 2, 4)],
    attr: convolution('VALID', 2),
  },
  'Conv2D SAME dilated': {
    op: 'Conv2D',
    input: [7, 6, 2],
    constants: [draw(3, 2, 2, 4)],
    attr: convolution('SAME', 1, 2),
  },
  'Conv2D padded by numbers': { op: 'Conv2D', input: [5, 6, 2], constants: [draw(3, 2, 2, 4)], attr: explicit },
  DepthwiseConv2dNative: {
    op: 'DepthwiseConv2dNative',
    input: [5, 6, 2],
    constants: [draw(3, 2, 2, 3)],
    attr: convolution('SAME', 2),
  },
  '_FusedConv2D with a bias and Relu': {
    op: '_FusedConv2D',
    input: [5, 6, 2],
    constants: [draw(3, 2, 2, 4), draw(4)],
    attr: { ...convolution('SAME'), fused_ops: texts('BiasAdd', 'Relu'), num_args: attr.int(1) },
  },
  '_FusedConv2D with Prelu': {
    op: '_FusedConv2D',
    input: [5, 6, 2],
    constants: [draw(3, 2, 2, 4), draw(4), draw(1, 1, 4)],
    attr: { ...convolution('VALID'), fused_ops: texts('BiasAdd', 'Prelu'), num_args: attr.int(2) },
  },
  'FusedDepthwiseConv2dNative with Relu6': {
    op: 'FusedDepthwiseConv2dNative',
    input: [5, 6, 2],
    constants: [draw(3, 2, 2, 1), draw(2)],
    attr: { ...convolution('SAME'), fused_ops: texts('BiasAdd', 'Relu6'), num_args: attr.int(1) },
  },
  MaxPool: { op: 'MaxPool', input: [5, 6, 2], attr: window('SAME', 3, 2) },
  'MaxPool VALID': { op: 'MaxPool', input: [5, 6, 2], attr: window('VALID', 2, 2) },
  AvgPool: { op: 'AvgPool', input: [5, 6, 2], attr: window('SAME', 3, 2) },
  'AvgPool VALID': { op: 'AvgPool', input: [5, 6, 2], attr: window('VALID', 2, 2) },
  FusedBatchNormV3: {
    op: 'FusedBatchNormV3',
    input: [3, 2, 4],
    constants: [draw(4), draw(4), draw(4), positive(4)],
    attr: { epsilon: attr.float(0.01), is_training: flag(false), data_format: text('NHWC') },
  },
  ...Object.fromEntries(
    ['Sum', 'Mean', 'Max', 'Min', 'Prod'].flatMap((op) => [
      [op, reduction(op, false)],
      [`${op} keeping axes`, reduction(op, true)],
    ]),
  ),
  Reshape: { op: 'Reshape', input: [3, 4], constants: [ints(-1, 2, 6)] },
  Squeeze: { op: 'Squeeze', input: [1, 4, 1], attr: { squeeze_dims: attr.ints(1, 3) } },
  ExpandDims: { op: 'ExpandDims', input: [3, 4], constants: [int(-2)] },
  Transpose: { op: 'Transpose', input: [3, 4], constants: [ints(0, 2, 1)] },
  Tile: { op: 'Tile', input: [3, 4], constants: [ints(1, 2, 3)] },
  ConcatV2: { op: 'ConcatV2', input: [3, 4], times: 2, constants: [int(-1)] },
  Pack: { op: 'Pack', input: [3, 4], times: 2, attr: { axis: attr.int(2) } },
  'Unpack, its second output': {
    op: 'Unpack',
    input: [3, 4],
    attr: { axis: attr.int(1), num: attr.int(3) },
    output: 1,
  },
  'Split, its second output': {
    op: 'Split',
    input: [3, 4],
    at: 1,
    constants: [int(2)],
    attr: { num_split: attr.int(2) },
    output: 1,
  },
  'SplitV, its third output': { op: 'SplitV', input: [7], constants: [ints(2, 1, 4), int(-1)], output: 2 },
  Slice: { op: 'Slice', input: [3, 4], constants: [ints(0, 1, 0), ints(-1, 2, -1)] },
  // TensorFlow.js gives other entries where one axis is gone through backwards and another dropped, and knows no Softsign.
  'StridedSlice x[:, ::-2, 1]': {
    op: 'StridedSlice',
    input: [5, 4],
    want: (x) => [x[17]!, x[9]!, x[1]!],
    constants: [ints(0, 0, 1), ints(0, 0, 2), ints(1, -2, 1)],
    attr: { begin_mask: attr.int(3), end_mask: attr.int(3), shrink_axis_mask: attr.int(4) },
  },
  Softsign: { op: 'Softsign', input: [4], want: (x) => Array.from(x, (value) => value / (1 + Math.abs(value))) },
  'StridedSlice x[:, ::-1, 1:3]': {
    op: 'StridedSlice',
    input: [5, 4],
    constants: [ints(0, 0, 1), ints(0, 0, 3), ints(1, -1, 1)],
    attr: { begin_mask: attr.int(3), end_mask: attr.int(3) },
  },
  'StridedSlice x[..., 1:-1, newaxis]': {
    op: 'StridedSlice',
    input: [3, 4],
    constants: [ints(0, 1, 0), ints(0, -1, 0), ints(1, 1, 1)],
    attr: { ellipsis_mask: attr.int(1), new_axis_mask: attr.int(4) },
  },
  Pad: { op: 'Pad', input: [3, 4], constants: [{ ...ints(0, 0, 1, 2, 0, 1), shape: [3, 2] }] },
  PadV2: { op: 'PadV2', input: [3, 4], constants: [{ ...ints(0, 0, 1, 2, 0, 1), shape: [3, 2] }, float(0.5)] },
  'MirrorPad REFLECT': {
    op: 'MirrorPad',
    input: [4, 4],
    constants: [{ ...ints(0, 0, 1, 2, 3, 0), shape: [3, 2] }],
    attr: { mode: text('reflect') },
  },
  'MirrorPad SYMMETRIC': {
    op: 'MirrorPad',
    input: [3, 4],
    constants: [{ ...ints(0, 0, 2, 1, 3, 1), shape: [3, 2] }],
    attr: { mode: text('symmetric') },
  },
  'GatherV2 from a table': {
    op: 'GatherV2',
    input: [4],
    at: 1,
    constants: [draw(6, 3), int(0)],
    inputType: 'DT_INT32',
  },
  'GatherV2 of entries': { op: 'GatherV2', input: [5], constants: [ints(3, 0, 3), int(1)] },
  OneHot: {
    op: 'OneHot',
    input: [4],
    constants: [int(6), float(1), float(-0.5)],
    attr: { axis: attr.int(-1), dtype: attr.type('DT_FLOAT') },
    inputType: 'DT_INT32',
  },
  DepthToSpace: {
    op: 'DepthToSpace',
    input: [2, 3, 8],
    attr: { block_size: attr.int(2), data_format: text('NHWC') },
  },
  'ResizeNearestNeighbor to twice the size': { op: 'ResizeNearestNeighbor', input: [3, 4, 2], constants: [ints(6, 8)] },
  'ResizeNearestNeighbor to another size': {
    op: 'ResizeNearestNeighbor',
    input: [3, 4, 2],
    constants: [ints(5, 3)],
    attr: { half_pixel_centers: flag(true) },
  },
  ResizeBilinear: { op: 'ResizeBilinear', input: [3, 4, 2], constants: [ints(5, 7)] },
  'ResizeBilinear between centres': {
    op: 'ResizeBilinear',
    input: [3, 4, 2],
    constants: [ints(5, 2)],
    attr: { half_pixel_centers: flag(true) },
  },
  'ResizeBilinear between corners': {
    op: 'ResizeBilinear',
    input: [3, 4, 2],
    constants: [ints(5, 7)],
    attr: { align_corners: flag(true) },
  },
  'Einsum with a weight': {
    op: 'Einsum',
    input: [4, 3],
    constants: [draw(3, 2, 5)],
    attr: { equation: text('abc,cde->abde') },
  },
  'Einsum of examples with themselves': {
    op: 'Einsum',
    input: [4, 2, 3],
    times: 2,
    attr: { equation: text('aecd,abcd->acbe') },
  },
};

/** The graph of one case: Placeholder, the operation, and a flattening, as outputs are [n, c]. */
function filesOf({ op, input, constants = [], at = 0, attr: own, output = 0, times = 1, inputType, first }: Case) {
  const names = constants.map((_, i) => `c${i}`);
  const source = first === undefined ? 'x' : 'first';
  const operands = names.toSpliced(at, 0, ...new Array<string>(times).fill(source));
  return graphFiles({
    inputs: { x: input },
    ...(inputType && { inputType }),
    constants: {
      ...Object.fromEntries(constants.map((constant, i) => [names[i]!, constant])),
      zero: ints(0),
      one: ints(1),
      rest: int(-1),
    },
    nodes: {
      ...(first !== undefined && { first: { op: first, inputs: ['x'] } }),
      y: { op, inputs: operands, ...(own && { attr: own }) },
      // As Keras flattens: [number of examples, -1].
      shape: { op: 'Shape', inputs: ['x'] },
      n: {
        op: 'StridedSlice',
        inputs: ['shape', 'zero', 'one', 'one'],
        attr: { shrink_axis_mask: attr.int(1) },
      },
      flat: { op: 'Pack', inputs: ['n', 'rest'] },
      f: { op: 'Reshape', inputs: [output === 0 ? 'y' : `y:${output}`, 'flat'] },
    },
    outputs: ['f'],
  });
}

/** What an operation should give for examples. */
async function wanted({ input, inputType, want }: Case, files: GraphFiles, x: Float32Array, examples: number) {
  const size = sizeOf(input);
  if (want) return Array.from({ length: examples }, (_, i) => want(x.subarray(i * size, (i + 1) * size))).flat();
  const type = inputType === 'DT_INT32' ? 'int32' : 'float32';
  return runGraph(await loadGraph(files), x, { shape: [examples, ...input], type });
}

describe('operations compute what TensorFlow.js computes', () => {
  it.each(Object.entries(cases))('%s', async (title, one) => {
    const examples = 5;
    const files = filesOf(one);
    const draws = new Rng(title);
    const size = examples * sizeOf(one.input);
    const x =
      one.inputType === 'DT_INT32'
        ? Float32Array.from({ length: size }, () => draws.integer(6))
        : randomInputs(draws, size);
    const network = parseGraphModel(files.modelJson, files.weights, { outputActivation: 'keep' });
    const got = await outputsOf(network, Float64Array.from(x));
    expect(worst(got, await wanted(one, files, x, examples))).toBeLessThan(2e-6);
  });
});
