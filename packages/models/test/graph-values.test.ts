import { Rng, outputCount } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { attr, graphFiles, type HandConstant, type HandGraph } from './graph-files.ts';
import { constantsFrom, convolution, disagreement, float, ints, read } from './hand-graph.ts';
import { outputsOf, worst } from './tfjs.ts';

const draw = constantsFrom(new Rng('graph-values'));

describe('graphs compute what TensorFlow.js computes', () => {
  it('with shapes that are computed', () =>
    expect(
      disagreement({
        inputs: { x: [2, 6] },
        constants: {
          zero: ints(0),
          one: ints(1),
          axes: ints(0),
          three: ints(3),
          four: ints(4),
          half: float(0.5),
          w: draw(1, 4),
        },
        nodes: {
          shape: { op: 'Shape', inputs: ['x'] },
          n: { op: 'StridedSlice', inputs: ['shape', 'zero', 'one', 'one'] },
          rest: { op: 'StridedSlice', inputs: ['shape', 'one', 'three', 'one'], attr: { end_mask: attr.int(1) } },
          size: { op: 'Prod', inputs: ['rest', 'axes'], attr: { keep_dims: attr.flag(true) } },
          target: { op: 'ConcatV2', inputs: ['n', 'size', 'axis'] },
          axis: { op: 'Identity', inputs: ['zeroth'] },
          zeroth: { op: 'Squeeze', inputs: ['zero'] },
          flat: { op: 'Reshape', inputs: ['x', 'target'] },
          wide: { op: 'Pack', inputs: ['count', 'width'] },
          count: { op: 'Squeeze', inputs: ['n'] },
          width: { op: 'Squeeze', inputs: ['four'] },
          filled: { op: 'Fill', inputs: ['wide', 'half'] },
          token: { op: 'BroadcastTo', inputs: ['w', 'wide'] },
          f: { op: 'ConcatV2', inputs: ['flat', 'filled', 'token', 'last'], attr: { N: attr.int(3) } },
          last: { op: 'Squeeze', inputs: ['one'] },
        },
        outputs: ['f'],
      }),
    ).resolves.toBeLessThan(1e-6));

  it('with a dilated convolution written as one of blocks', () => {
    const pads: HandConstant = { shape: [2, 2], values: [2, 3, 2, 2], dtype: 'int32' };
    const crops: HandConstant = { shape: [2, 2], values: [0, 1, 0, 0], dtype: 'int32' };
    return expect(
      disagreement({
        inputs: { x: [7, 6, 2] },
        constants: { block: ints(2, 2), pads, crops, w: draw(3, 3, 2, 1), flat: ints(-1, 84) },
        nodes: {
          blocks: { op: 'SpaceToBatchND', inputs: ['x', 'block', 'pads'] },
          conv: {
            op: 'DepthwiseConv2dNative',
            inputs: ['blocks', 'w'],
            attr: convolution('VALID'),
          },
          back: { op: 'BatchToSpaceND', inputs: ['conv', 'block', 'crops'] },
          f: { op: 'Reshape', inputs: ['back', 'flat'] },
        },
        outputs: ['f'],
      }),
    ).resolves.toBeLessThan(1e-6);
  });

  it('with a dilated convolution of sequences written as one of blocks', () => {
    const pads: HandConstant = { shape: [1, 2], values: [2, 3], dtype: 'int32' };
    const crops: HandConstant = { shape: [1, 2], values: [0, 1], dtype: 'int32' };
    const rows = { squeeze_dims: attr.ints(-3) };
    return expect(
      disagreement({
        inputs: { x: [7, 2] },
        constants: { block: ints(2), pads, crops, w: draw(1, 3, 2, 4), flat: ints(-1, 28), dim: ints(-3) },
        nodes: {
          blocks: { op: 'SpaceToBatchND', inputs: ['x', 'block', 'pads'] },
          axis: { op: 'Squeeze', inputs: ['dim'] },
          image: { op: 'ExpandDims', inputs: ['blocks', 'axis'] },
          conv: { op: 'Conv2D', inputs: ['image', 'w'], attr: convolution('VALID') },
          sequence: { op: 'Squeeze', inputs: ['conv'], attr: rows },
          back: { op: 'BatchToSpaceND', inputs: ['sequence', 'block', 'crops'] },
          f: { op: 'Reshape', inputs: ['back', 'flat'] },
        },
        outputs: ['f'],
      }),
    ).resolves.toBeLessThan(1e-6);
  });

  it('with a quotient that is 0 where its divisor is', () =>
    expect(
      disagreement({
        inputs: { x: [4] },
        constants: { y: { shape: [4], values: [2, 0, -1, 0.5] } },
        nodes: { f: { op: 'DivNoNan', inputs: ['x', 'y'] } },
        outputs: ['f'],
      }),
    ).resolves.toBeLessThan(1e-6));

  it('with a transposed convolution', () =>
    expect(
      disagreement({
        inputs: { x: [3, 4, 2] },
        constants: {
          w: draw(3, 3, 5, 2),
          h: ints(6),
          v: ints(8),
          c: ints(5),
          zero: ints(0),
          one: ints(1),
          flat: ints(-1, 240),
        },
        nodes: {
          shape: { op: 'Shape', inputs: ['x'] },
          n: { op: 'StridedSlice', inputs: ['shape', 'zero', 'one', 'one'], attr: { shrink_axis_mask: attr.int(1) } },
          rows: { op: 'Squeeze', inputs: ['h'] },
          columns: { op: 'Squeeze', inputs: ['v'] },
          channels: { op: 'Squeeze', inputs: ['c'] },
          size: { op: 'Pack', inputs: ['n', 'rows', 'columns', 'channels'] },
          up: {
            op: 'Conv2DBackpropInput',
            inputs: ['size', 'w', 'x'],
            attr: { strides: attr.ints(1, 2, 2, 1), padding: attr.text('SAME'), data_format: attr.text('NHWC') },
          },
          f: { op: 'Reshape', inputs: ['up', 'flat'] },
        },
        outputs: ['f'],
      }),
    ).resolves.toBeLessThan(1e-6));

  it('with parts of one large constant, told apart from each other', () =>
    expect(
      disagreement({
        inputs: { x: [200] },
        constants: { c: draw(2, 200) },
        nodes: {
          rows: { op: 'Unpack', inputs: ['c'], attr: { axis: attr.int(0), num: attr.int(2) } },
          first: { op: 'Sub', inputs: ['x', 'rows'] },
          second: { op: 'Maximum', inputs: ['first', 'rows:1'] },
          f: { op: 'Minimum', inputs: ['second', 'rows'] },
        },
        outputs: ['f'],
      }),
    ).resolves.toBeLessThan(1e-6));

  it('with a comparison and a choice', () =>
    expect(
      disagreement({
        inputs: { x: [5] },
        constants: { limit: float(0.3), w: draw(5) },
        nodes: {
          is: { op: 'Greater', inputs: ['x', 'limit'] },
          scaled: { op: 'Mul', inputs: ['x', 'w'] },
          f: { op: 'SelectV2', inputs: ['is', 'scaled', 'x'] },
        },
        outputs: ['f'],
      }),
    ).resolves.toBeLessThan(1e-6));
});

describe('an output with several axes', () => {
  const sequence = (last: string): HandGraph => ({
    inputs: { x: [3, 2] },
    constants: { w: draw(2, 4) },
    nodes: { xw: { op: 'BatchMatMulV2', inputs: ['x', 'w'] }, f: { op: last, inputs: ['xw'] } },
    outputs: ['f'],
  });

  it('is flattened in order, which is noted', async () => {
    expect(await disagreement(sequence('Tanh'))).toBeLessThan(1e-6);
    const network = read(graphFiles(sequence('Tanh')));
    expect(outputCount(network)).toBe(12);
    expect(network.meta.notes).toEqual(["the output 'f' of [n, 3, 4] is flattened, its last axis fastest"]);
  });

  it('loses a sigmoid, which acts on each number, and keeps a softmax over one of the axes', async () => {
    expect(read(graphFiles(sequence('Sigmoid'))).meta.outputActivation).toBe('sigmoid');
    expect(read(graphFiles(sequence('Softmax'))).meta.outputActivation).toBeUndefined();
    expect(await disagreement(sequence('Softmax'))).toBeLessThan(1e-6);
  });
});

describe('a normalisation of layers as Keras writes it', () => {
  it.each([[[4]], [[2, 4]]])('takes the moments of the last axis of %j', async (shape) => {
    const network = read(
      graphFiles({
        inputs: { x: shape },
        constants: {
          target: { ...ints(1, -1, 4, 1), shape: [4] },
          one: float(1),
          zero: float(0),
          none: ints(),
          back: ints(-1, ...shape),
          place: ints(0),
          end: ints(1),
          last: ints(-1),
          gamma: draw(4),
        },
        nodes: {
          shape: { op: 'Shape', inputs: ['x'] },
          outer: {
            op: 'StridedSlice',
            inputs: ['shape', 'place', 'last', 'end'],
            attr: { begin_mask: attr.int(1) },
          },
          n: { op: 'Prod', inputs: ['outer', 'place'], attr: { keep_dims: attr.flag(true) } },
          image: { op: 'Reshape', inputs: ['x', 'target'] },
          scale: { op: 'Fill', inputs: ['n', 'one'] },
          shift: { op: 'Fill', inputs: ['n', 'zero'] },
          normal: {
            op: 'FusedBatchNormV3',
            inputs: ['image', 'scale', 'shift', 'none', 'none'],
            attr: { is_training: attr.flag(true), epsilon: attr.float(0.25), data_format: attr.text('NCHW') },
          },
          y: { op: 'Reshape', inputs: ['normal', 'back'] },
          f: { op: 'Mul', inputs: ['y', 'gamma'] },
        },
        outputs: ['f'],
      }),
    );
    expect(network.parameters.map(({ name }) => name)).toEqual(['gamma']);
    const x = [1, 2, 3, 6, -1, 0, 4, 1];
    const gamma = network.values[0]!;
    const want = [x.slice(0, 4), x.slice(4)].flatMap((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / 4;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4;
      return row.map((value, i) => (gamma[i]! * (value - mean)) / Math.sqrt(variance + 0.25));
    });
    expect(worst(await outputsOf(network, Float64Array.from(x)), want)).toBeLessThan(1e-12);
  });
});
