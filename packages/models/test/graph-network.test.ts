import { loadGraphModel, parseGraphModel } from '@ntk/models';
import { Rng, sizeOf, type Network } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { attr, graphFiles, type HandConstant, type HandGraph } from './graph-files.ts';
import { constantsFrom, convolution, disagreement, float, ints, ones, read } from './hand-graph.ts';
import { outputsOf, randomInputs } from './tfjs.ts';

const draw = constantsFrom(new Rng('graph-network'));

const describeParameters = ({ parameters }: Network): [string, string, boolean][] =>
  parameters.map(({ name, layer, trainable }) => [name, layer, trainable]);

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

describe('a weight that the converter froze twice', () => {
  const square = draw(3, 3);
  const graph = (second: HandConstant): HandGraph => ({
    inputs: { x: [3] },
    constants: { 'dense/MatMul/ReadVariableOp': square, 'dense_1/MatMul/ReadVariableOp': second },
    nodes: {
      h: { op: 'MatMul', inputs: ['x', 'dense/MatMul/ReadVariableOp'] },
      tanh: { op: 'Tanh', inputs: ['h'] },
      f: { op: 'MatMul', inputs: ['tanh', 'dense_1/MatMul/ReadVariableOp'] },
    },
    outputs: ['f'],
  });

  it('is one parameter, which is noted', async () => {
    const network = read(graphFiles(graph(square)));
    expect(describeParameters(network)).toEqual([['dense/MatMul/ReadVariableOp', 'dense', true]]);
    expect(network.meta.notes).toEqual([
      '1 weight is a copy of others in the file, as layers that are called more than once leave them; each is one parameter with the other',
    ]);
    expect(await disagreement(graph(square))).toBeLessThan(1e-6);
  });

  it('is not taken for another one, nor are weights before training', () => {
    expect(read(graphFiles(graph(draw(3, 3)))).parameters).toHaveLength(2);
    const same = graph(ones(3, 3));
    const constants = { ...same.constants, 'dense/MatMul/ReadVariableOp': ones(3, 3) };
    expect(read(graphFiles({ ...same, constants })).parameters).toHaveLength(2);
  });
});

describe('numbers of a formula', () => {
  it('that an initial state is filled with are none', () => {
    const network = read(
      graphFiles({
        inputs: { x: [3] },
        constants: { first: ints(0), end: ints(1), three: ints(3), 'lstm/zeros/Const': float(0.5), w: draw(3, 2) },
        nodes: {
          shape: { op: 'Shape', inputs: ['x'] },
          n: { op: 'StridedSlice', inputs: ['shape', 'first', 'end', 'end'], attr: { shrink_axis_mask: attr.int(1) } },
          width: { op: 'Squeeze', inputs: ['three'] },
          state: { op: 'Pack', inputs: ['n', 'width'] },
          h: { op: 'Fill', inputs: ['state', 'lstm/zeros/Const'] },
          sum: { op: 'AddV2', inputs: ['x', 'h'] },
          f: { op: 'MatMul', inputs: ['sum', 'w'] },
        },
        outputs: ['f'],
      }),
    );
    expect(network.parameters.map(({ name }) => name)).toEqual(['w']);
  });

  it.each([
    ['from which something is subtracted are a shift', ['c', 'x'], 1],
    ['that are subtracted are a constant', ['x', 'c'], 0],
  ] as const)('%s', (_title, inputs, parameters) => {
    const network = read(
      graphFiles({
        inputs: { x: [3] },
        constants: { c: draw(3) },
        nodes: { f: { op: 'Sub', inputs } },
        outputs: ['f'],
      }),
    );
    expect(network.parameters).toHaveLength(parameters);
  });

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

  it.each([
    ['bn/batchnorm/mul', 'bn/batchnorm/sub'],
    ['bn/FusedBatchNormV3/Scaled', 'bn/FusedBatchNormV3/Offset'],
  ])('where it is one scale and one shift, %s and %s', (scale, shift) => {
    const network = read(graphFiles(scaleAndShift(scale, shift)));
    expect(describeParameters(network).slice(1)).toEqual([
      [scale, 'bn', true],
      [shift, 'bn', true],
    ]);
    expect(network.meta.notes).toEqual([
      "batch normalisation is one scale and one shift in 'scaled': these differ from those of the original network, as its moving statistics are in them; to keep them convert the Keras model by: tensorflowjs_converter --output_format=tfjs_layers_model",
    ]);
  });
});
