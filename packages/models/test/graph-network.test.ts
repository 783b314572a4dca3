import { loadGraphModel, parseGraphModel } from '@ntk/models';
import { Rng, outputCount, sizeOf, type Network } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import {
  attr,
  graphFiles,
  loadGraph,
  runGraph,
  type Attribute,
  type GraphFiles,
  type HandConstant,
  type HandGraph,
} from './graph-files.ts';
import { outputsOf, randomInputs, worst } from './tfjs.ts';

const rng = new Rng('graph-network');
const draw = (...shape: number[]): HandConstant => ({
  shape,
  values: Float32Array.from({ length: sizeOf(shape) }, () => 0.7 * rng.normal()),
});
const ones = (...shape: number[]): HandConstant => ({ shape, values: new Array<number>(sizeOf(shape)).fill(1) });
const float = (value: number): HandConstant => ({ shape: [], values: [value] });
const ints = (...values: number[]): HandConstant => ({ shape: [values.length], values, dtype: 'int32' });

const read = ({ modelJson, weights }: GraphFiles, options = {}): Network =>
  parseGraphModel(modelJson, weights, options);
const describeParameters = ({ parameters }: Network): [string, string, boolean][] =>
  parameters.map(({ name, layer, trainable }) => [name, layer, trainable]);

/** How a network read from a graph differs from what TensorFlow.js makes of it. */
async function disagreement(graph: HandGraph): Promise<number> {
  const files = graphFiles(graph);
  const shape = [4, ...Object.values(graph.inputs)[0]!];
  const x = randomInputs(new Rng('x'), sizeOf(shape));
  const want = runGraph(await loadGraph(files), x, { shape });
  return worst(await outputsOf(read(files, { outputActivation: 'keep' }), Float64Array.from(x)), want);
}

const convolution = (padding: string): Record<string, Attribute> => ({
  strides: attr.ints(1, 1, 1, 1),
  dilations: attr.ints(1, 1, 1, 1),
  padding: attr.text(padding),
  data_format: attr.text('NHWC'),
});

const V = 'StatefulPartitionedCall/model';

/** A classifier as Keras and the converter write it. */
const classifier: HandGraph = {
  inputs: { x: [6, 5, 2] },
  constants: {
    [`${V}/conv/Conv2D/ReadVariableOp`]: draw(3, 3, 2, 4),
    [`${V}/bn/ReadVariableOp`]: draw(4),
    [`${V}/bn/ReadVariableOp_1`]: draw(4),
    [`${V}/bn/FusedBatchNormV3/ReadVariableOp`]: draw(4),
    [`${V}/bn/FusedBatchNormV3/ReadVariableOp_1`]: ones(4),
    [`${V}/tf.math.multiply/Mul/y`]: draw(4),
    [`${V}/mean/reduction_indices`]: ints(1, 2),
    [`${V}/dense/MatMul/ReadVariableOp`]: draw(4, 3),
    [`${V}/dense/BiasAdd/ReadVariableOp`]: draw(3),
  },
  nodes: {
    conv: {
      op: 'Conv2D',
      inputs: ['x', `${V}/conv/Conv2D/ReadVariableOp`],
      attr: convolution('SAME'),
    },
    bn: {
      op: 'FusedBatchNormV3',
      inputs: [
        'conv:0',
        `${V}/bn/ReadVariableOp`,
        `${V}/bn/ReadVariableOp_1`,
        `${V}/bn/FusedBatchNormV3/ReadVariableOp`,
        `${V}/bn/FusedBatchNormV3/ReadVariableOp_1`,
      ],
      attr: { epsilon: attr.float(Math.fround(1e-3)), is_training: attr.flag(false) },
    },
    relu: { op: 'Relu', inputs: ['bn', '^conv'] },
    scaled: { op: 'Mul', inputs: ['relu', `${V}/tf.math.multiply/Mul/y`] },
    mean: { op: 'Mean', inputs: ['scaled', `${V}/mean/reduction_indices`], attr: { keep_dims: attr.flag(false) } },
    dense: {
      op: '_FusedMatMul',
      inputs: ['mean', `${V}/dense/MatMul/ReadVariableOp`, `${V}/dense/BiasAdd/ReadVariableOp`],
      attr: { fused_ops: attr.texts('BiasAdd'), num_args: attr.int(1) },
    },
    softmax: { op: 'Softmax', inputs: ['dense'] },
  },
  outputs: ['softmax'],
};

describe('a classifier of Keras', () => {
  const files = graphFiles(classifier);

  it('has its variables as parameters in layers; moving statistics are not trainable, numbers of formulas are none', () => {
    expect(describeParameters(read(files))).toEqual([
      [`${V}/conv/Conv2D/ReadVariableOp`, 'model/conv', true],
      [`${V}/bn/ReadVariableOp`, 'model/bn', true],
      [`${V}/bn/ReadVariableOp_1`, 'model/bn', true],
      [`${V}/bn/FusedBatchNormV3/ReadVariableOp`, 'model/bn', false],
      [`${V}/bn/FusedBatchNormV3/ReadVariableOp_1`, 'model/bn', false],
      [`${V}/dense/MatMul/ReadVariableOp`, 'model/dense', true],
      [`${V}/dense/BiasAdd/ReadVariableOp`, 'model/dense', true],
    ]);
  });

  it('computes what TensorFlow.js computes', async () => {
    expect(await disagreement(classifier)).toBeLessThan(1e-6);
  });

  it('loses its softmax, unless it is kept', () => {
    const split = read(files).meta;
    expect([split.outputActivation, split.source]).toEqual(['softmax', 'tfjs-graph-model']);
    expect(split.notes).toEqual(['the final softmax is split off: outputs are logits']);
    const kept = read(files, { outputActivation: 'keep' }).meta;
    expect(kept.outputActivation).toBeUndefined();
    expect(kept.notes).toEqual(['outputs end in softmax, which is part of the linearised function']);
  });

  it('is read from files in shards, also quantised', async () => {
    const group = files.modelJson.weightsManifest[0]!;
    const [filter] = group.weights;
    const bytes = Uint8Array.from({ length: sizeOf(filter!.shape) }, (_, i) => i);
    const quantised = { ...filter!, quantization: { dtype: 'uint8', scale: 0.01, min: -0.3 } };
    const modelJson = {
      ...files.modelJson,
      weightsManifest: [
        { paths: ['q'], weights: [quantised] },
        { paths: ['a', 'b'], weights: group.weights.slice(1) },
      ],
    };
    const rest = files.weights.subarray(4 * bytes.length);
    const stored: Readonly<Record<string, Uint8Array>> = {
      'model.json': new TextEncoder().encode(JSON.stringify(modelJson)),
      q: bytes,
      a: rest.subarray(0, 7),
      b: rest.subarray(7),
    };
    const network = await loadGraphModel('model.json', (name) => Promise.resolve(stored[name]!));
    expect([...network.values[0]!.slice(0, 2)]).toEqual([Math.fround(-0.3), Math.fround(0.01 - 0.3)]);
    expect(network.values.slice(1)).toEqual(read(files).values.slice(1));
    expect(network.meta.notes).toContain('weights are quantised to uint8 in the file');
  });

  it('may have its signature where older converters put it, or none', async () => {
    const { signature, ...json } = files.modelJson;
    const older = { ...json, userDefinedMetadata: { signature } };
    const x = Float64Array.from(randomInputs(new Rng('old'), 120));
    const want = await outputsOf(read(files), x);
    expect(await outputsOf(parseGraphModel(older, files.weights), x)).toEqual(want);
    expect(await outputsOf(parseGraphModel(json, files.weights), x)).toEqual(want);
  });
});

describe('numbers of a formula', () => {
  it.each([
    ['model/normalization/truediv', 0],
    ['model/tf.math.multiply/Mul/y', 0],
    ['model/scale/ReadVariableOp', 1],
  ])('%s: %i parameters', (name, parameters) => {
    const network = read(
      graphFiles({
        inputs: { x: [3] },
        constants: { [name]: draw(3) },
        nodes: { f: { op: 'Mul', inputs: ['x', name] } },
        outputs: ['f'],
      }),
    );
    expect(network.parameters).toHaveLength(parameters);
  });
});

describe('a weight belongs to the layer that its name tells', () => {
  it.each([
    ['StatefulPartitionedCall/sequential/dense/MatMul/ReadVariableOp', 'sequential/dense'],
    ['StatefulPartitionedCall/model/StatefulPartitionedCall/StatefulPartitionedCall/a/b/MatMul', 'model/a/b'],
    ['model/conv1d/Conv1D/ExpandDims_1', 'model/conv1d'],
    ['model/conv1d/conv1d/ExpandDims_1/ReadVariableOp', 'model/conv1d'],
    ['model/embedding/embedding_lookup', 'model/embedding'],
    ['model/attention/query/einsum/Einsum/ReadVariableOp', 'model/attention/query'],
    ['model/dense_1/Tensordot/ReadVariableOp', 'model/dense_1'],
    ['MobilenetV1/Conv2d_0/Conv2D_weights', 'MobilenetV1/Conv2d_0'],
    ['dense/kernel/read', 'dense'],
    ['MobilenetV1/Conv2d_0/BatchNorm/gamma', 'MobilenetV1/Conv2d_0/BatchNorm'],
    ['w', 'w'],
  ])('%s', (name, layer) => {
    const network = read(
      graphFiles({
        inputs: { x: [2] },
        constants: { [name]: draw(2, 2) },
        nodes: { f: { op: 'MatMul', inputs: ['x', name] } },
        outputs: ['f'],
      }),
    );
    expect(network.parameters.map((parameter) => parameter.layer)).toEqual([layer]);
  });
});

describe('a weight without a name of its own belongs to the layer that reads it', () => {
  it.each([
    ['StatefulPartitionedCall/model/dense/MatMul', 'model/dense'],
    ['StatefulPartitionedCall/model/dense/Relu', 'model/dense'],
    ['model/separable_conv2d_1/separable_conv2d/depthwise', 'model/separable_conv2d_1'],
    ['MatMul', 'unknown_7'],
  ])('%s', (node, layer) => {
    const network = read(
      graphFiles({
        inputs: { x: [2] },
        constants: { unknown_7: draw(2, 2) },
        nodes: { [node]: { op: 'MatMul', inputs: ['x', 'unknown_7'] } },
        outputs: [node],
      }),
    );
    expect(network.parameters.map((parameter) => parameter.layer)).toEqual([layer]);
  });
});

const scaleAndShift = (scale: string, shift: string): HandGraph => ({
  inputs: { x: [3] },
  constants: { w: draw(3, 4), [scale]: draw(4), [shift]: draw(4) },
  nodes: {
    h: { op: 'MatMul', inputs: ['x', 'w'] },
    scaled: { op: 'Mul', inputs: ['h', scale] },
    f: { op: 'AddV2', inputs: ['scaled', shift] },
  },
  outputs: ['f'],
});

describe('what a converter made of batch normalisation is said', () => {
  it('where it is folded into a convolution', () => {
    const network = read(
      graphFiles({
        inputs: { x: [5, 5, 2] },
        constants: { 'conv/Conv2D_weights': draw(2, 2, 2, 3), 'conv/Conv2D_bn_offset': draw(3), axes: ints(1, 2) },
        nodes: {
          'bn/FusedBatchNormV3': {
            op: '_FusedConv2D',
            inputs: ['x', 'conv/Conv2D_weights', 'conv/Conv2D_bn_offset'],
            attr: {
              strides: attr.ints(1, 1, 1, 1),
              padding: attr.text('VALID'),
              fused_ops: attr.texts('BiasAdd'),
              num_args: attr.int(1),
            },
          },
          f: { op: 'Mean', inputs: ['bn/FusedBatchNormV3', 'axes'] },
        },
        outputs: ['f'],
      }),
    );
    expect(describeParameters(network)).toEqual([
      ['conv/Conv2D_weights', 'conv', true],
      ['conv/Conv2D_bn_offset', 'conv', true],
    ]);
    expect(network.meta.notes).toEqual([
      "batch normalisation is folded into 'bn/FusedBatchNormV3': the parameters differ from those of the original network, and its scale and shift are not among them; to keep them convert the Keras model by: tensorflowjs_converter --output_format=tfjs_layers_model",
    ]);
  });

  it('where it is one scale and one shift', () => {
    const network = read(graphFiles(scaleAndShift('bn/batchnorm/mul', 'bn/batchnorm/sub')));
    expect(describeParameters(network).slice(1)).toEqual([
      ['bn/batchnorm/mul', 'bn', true],
      ['bn/batchnorm/sub', 'bn', true],
    ]);
    expect(network.meta.notes).toEqual([
      "batch normalisation is one scale and one shift in 'scaled': these differ from those of the original network, as its moving statistics are in them; to keep them convert the Keras model by: tensorflowjs_converter --output_format=tfjs_layers_model",
    ]);
  });
});

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
