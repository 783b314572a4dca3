import { parseLayersModel, type LayersModelFiles } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { denseWeights, functionalFiles, layer, modelFiles, sequentialFiles, type LayerJson } from './model-files.ts';

interface Case {
  readonly files: LayersModelFiles | { readonly modelJson: unknown; readonly weights: Uint8Array };
  readonly name: string;
  readonly message: string;
}

const none = new Uint8Array(0);
const dense = (config: Record<string, unknown> = {}): LayerJson => layer('Dense', 'd', { units: 2, ...config });
const good = sequentialFiles([3], [dense()], denseWeights('d', 3, 2));
const placed = (one: LayerJson, inbound: unknown[] = []): LayerJson => ({ ...one, inbound_nodes: inbound });
const input = placed(layer('InputLayer', 'in', { batch_input_shape: [null, 2] }));
const root = 'modelTopology.model_config.config';

function json(change: Record<string, unknown>): LayersModelFiles {
  return { modelJson: { ...good.modelJson, ...change }, weights: good.weights };
}

const layers =
  'InputLayer, Dense, Activation, ReLU, LeakyReLU, PReLU, ELU, ThresholdedReLU, Softmax, Rescaling, Flatten, Reshape, Permute, RepeatVector, Add, Subtract, Multiply, Average, ' +
  'Maximum, Minimum, Concatenate, Dot, BatchNormalization, LayerNormalization, ' +
  'GroupNormalization, Normalization, Conv1D, Conv2D, DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D, Conv1DTranspose, Conv2DTranspose, MaxPooling1D, MaxPooling2D, ' +
  'AveragePooling1D, AveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalAveragePooling1D, GlobalAveragePooling2D, ZeroPadding1D, ZeroPadding2D, ' +
  'Cropping1D, Cropping2D, UpSampling1D, UpSampling2D, Embedding, Masking, SimpleRNN, GRU, LSTM, ConvLSTM2D, RNN, Bidirectional, Attention, AdditiveAttention, MultiHeadAttention, EinsumDense, Dropout, AlphaDropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D, ' +
  'ActivityRegularization, RandomFlip, RandomRotation, RandomTranslation, RandomZoom, RandomContrast, RandomBrightness, TimeDistributed';
const activations =
  'linear, relu, relu6, leaky_relu, tanh, sigmoid, hard_sigmoid, softplus, softsign, elu, selu, gelu, gelu_new, swish, silu, mish, exponential, softmax, log_softmax';

const cases: Record<string, Case> = {
  'no object': {
    files: { modelJson: [1], weights: none },
    name: 'FormatError',
    message:
      'model.json: got [1], expected the JSON object that model.save() or tensorflowjs_converter writes; export the model again',
  },
  'an object that is no model': {
    files: { modelJson: { a: 1 }, weights: none },
    name: 'FormatError',
    message: 'model.json: got nothing at modelTopology, expected an object; export the model again',
  },
  'no weights manifest': {
    files: { modelJson: { modelTopology: {} }, weights: none },
    name: 'FormatError',
    message: 'model.json: got nothing at weightsManifest, expected an array; export the model again',
  },
  'a GraphModel by its format': {
    files: { modelJson: { format: 'graph-model' }, weights: none },
    name: 'UnsupportedError',
    message: 'model.json: got a GraphModel, expected a LayersModel; read it with readModel or loadGraphModel',
  },
  'a GraphModel by its nodes': {
    files: { modelJson: { modelTopology: { node: [] }, weightsManifest: [] }, weights: none },
    name: 'UnsupportedError',
    message: 'model.json: got a GraphModel, expected a LayersModel; read it with readModel or loadGraphModel',
  },
  'a class that is no model': {
    files: modelFiles({ class_name: 'Dense', config: {} }, []),
    name: 'FormatError',
    message:
      'model.json: got "Dense" at modelTopology.model_config.class_name, expected Sequential, Model or Functional; export the whole model',
  },
  'a model without layers': {
    files: modelFiles({ class_name: 'Sequential', config: { layers: [] } }, []),
    name: 'FormatError',
    message: `model.json: got [] at ${root}.layers, expected a list with ≥ 1 entries; export the model again`,
  },
  'a member of a wrong type deep inside': {
    files: sequentialFiles([3], [dense({ units: '2' })]),
    name: 'FormatError',
    message: `model.json: got "2" at ${root}.layers[1].config.units, expected a number; export the model again`,
  },
  'a number outside its domain': {
    files: sequentialFiles([3], [dense({ units: 0 })]),
    name: 'FormatError',
    message: `model.json: got 0 at ${root}.layers[1].config.units, expected a number > 0; export the model again`,
  },
  'a number that is not an integer': {
    files: sequentialFiles([3], [dense({ units: 1.5 })]),
    name: 'FormatError',
    message: `model.json: got 1.5 at ${root}.layers[1].config.units, expected an integer; export the model again`,
  },
  'a quantisation that is unknown': {
    files: json({
      weightsManifest: [
        {
          paths: ['w'],
          weights: [{ name: 'd/kernel', shape: [3, 2], dtype: 'float32', quantization: { dtype: 'int4' } }],
        },
      ],
    }),
    name: 'FormatError',
    message:
      'model.json: got "int4" at weightsManifest[0].weights[0].quantization.dtype, expected "uint8" or "uint16" or "float16"; export the model again',
  },
  'a quantisation without scale': {
    files: {
      modelJson: {
        ...good.modelJson,
        weightsManifest: [
          {
            paths: ['w'],
            weights: [{ name: 'd/kernel', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8' } }],
          },
        ],
      },
      weights: new Uint8Array(2),
    },
    name: 'FormatError',
    message:
      "model.json: got a weight 'd/kernel' quantised to uint8 without scale or min, expected both; convert the model again",
  },
  'a weight of another type': {
    files: {
      modelJson: {
        ...good.modelJson,
        weightsManifest: [{ paths: ['w'], weights: [{ name: 'd/kernel', shape: [1], dtype: 'int32' }] }],
      },
      weights: new Uint8Array(4),
    },
    name: 'UnsupportedError',
    message:
      "model.json: got the type 'int32' for the weight 'd/kernel', expected float32; export the model in single precision",
  },
  'a weight of text': {
    files: json({ weightsManifest: [{ paths: ['w'], weights: [{ name: 'd/kernel', shape: [1], dtype: 'string' }] }] }),
    name: 'UnsupportedError',
    message:
      "model.json: got the type 'string' for the weight 'd/kernel', expected float32, or float32 quantised to uint8, uint16 or float16; export the model in single precision",
  },
  'too few bytes': {
    files: { ...good, weights: good.weights.subarray(0, 30) },
    name: 'FormatError',
    message: 'model.json: got 30 bytes of weights in weights.bin, expected 32; copy the files again',
  },
  'too many bytes': {
    files: { ...good, weights: new Uint8Array(40) },
    name: 'FormatError',
    message: 'model.json: got 40 bytes of weights in weights.bin, expected 32; copy the files again',
  },
  'a weight listed twice': {
    files: sequentialFiles([3], [dense()], [...denseWeights('d', 3, 2), ...denseWeights('d', 3, 2)]),
    name: 'FormatError',
    message:
      "model.json: got two weights named 'd/kernel', expected unique names; rename the layers and export the model again",
  },
  'a weight that is missing': {
    files: sequentialFiles([3], [dense()], denseWeights('d', 3, 2).slice(0, 1)),
    name: 'FormatError',
    message: "model.json: got no weight for 'd/bias'; export the model and its weights together",
  },
  'a weight left over': {
    files: sequentialFiles([3], [dense({ use_bias: false })], denseWeights('d', 3, 2)),
    name: 'FormatError',
    message: "model.json: got 'd/bias', which belongs to no layer; export the model and its weights together",
  },
  'weights of other layers': {
    files: sequentialFiles([3], [dense()], denseWeights('e', 3, 2)),
    name: 'FormatError',
    message:
      "model.json: got no weight for 'd/kernel', 'd/bias' and got 'e/kernel', 'e/bias', which belong to no layer; export the model and its weights together",
  },
  'a weight of a wrong shape': {
    files: sequentialFiles([3], [dense()], denseWeights('d', 4, 2)),
    name: 'ShapeError',
    message:
      "model.json: layer 'd' (Dense): got the shape [4, 2] for the weight 'd/kernel', expected [3, 2]; export the model and its weights together",
  },
  'unsupported layers, all at once': {
    files: sequentialFiles(
      [8, 3],
      [
        layer('Conv3D', 'c', { filters: 2 }),
        layer('Activation', 'a', { activation: 'sine' }),
        layer('ConvLSTM3D', 'l'),
        layer('LSTM', 's', { units: 2, stateful: true }),
        layer('RNN', 'r', { cell: { class_name: 'MyCell', config: {} } }),
        layer('Bidirectional', 'b', { layer: layer('Dense', 'e'), merge_mode: 'max' }),
        layer('TimeDistributed', 't', { layer: layer('Lambda', 'f') }),
      ],
    ),
    name: 'UnsupportedError',
    message: `model.json: got Conv3D ('c'), Activation with the activation 'sine' ('a'), ConvLSTM3D ('l'), LSTM with states kept from batch to batch ('s'), RNN with the cell MyCell ('r'), Bidirectional with the merge_mode 'max' ('b'), Bidirectional with a wrapped Dense ('b'), TimeDistributed with a wrapped Lambda ('t'), which this version does not read; replace it in the model, expected the layers ${layers}, the activations ${activations}, stateful = false, the cells SimpleRNNCell, GRUCell, LSTMCell, StackedRNNCells, ConvLSTM2DCell, the merge_modes concat, sum, ave, mul, null, a wrapped SimpleRNN, GRU, LSTM, ConvLSTM2D, RNN, a wrapped layer of those that it reads`,
  },
  'many layers of one class': {
    files: sequentialFiles(
      [8, 3],
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => layer('Conv3D', name)),
    ),
    name: 'UnsupportedError',
    message: `model.json: got Conv3D ('a', 'b', 'c', 'd' and 2 more), which this version does not read; replace it in the model, expected the layers ${layers}`,
  },
  'an unsupported layer of an inner model': {
    files: modelFiles(
      {
        class_name: 'Sequential',
        config: {
          name: 'm',
          layers: [{ class_name: 'Sequential', config: { name: 'inner', layers: [layer('Lambda', 'g')] } }],
        },
      },
      [],
    ),
    name: 'UnsupportedError',
    message: `model.json: got Lambda ('inner/g'), which this version does not read; replace it in the model, expected the layers ${layers}`,
  },
  'an activation that is no name': {
    files: sequentialFiles([3], [dense({ activation: { class_name: 'Custom', config: { a: 1 } } })]),
    name: 'UnsupportedError',
    message: `model.json: got Dense with the activation {"class_name":"Custom","config":{"a":1}} ('d'), which this version does not read; replace it in the model, expected the activations ${activations}`,
  },
  'channels first': {
    files: sequentialFiles([2, 3], [layer('Flatten', 'f', { data_format: 'channels_first' })]),
    name: 'UnsupportedError',
    message: `model.json: got Flatten with the data_format 'channels_first' ('f'), which this version does not read; replace it in the model, expected the data_format 'channels_last'`,
  },
  'two layers of one name': {
    files: sequentialFiles([3], [layer('Flatten', 'f'), layer('Flatten', 'f')]),
    name: 'FormatError',
    message: `model.json: got two layers named 'f' in ${root}, expected unique names; rename one and export the model again`,
  },
  'a layer without a name': {
    files: sequentialFiles([3], [{ class_name: 'Flatten', config: {} }]),
    name: 'FormatError',
    message: `model.json: got nothing at ${root}.layers[1].config.name, expected the layer's name; export the model again`,
  },
  'no input shape': {
    files: modelFiles({ class_name: 'Sequential', config: { name: 'm', layers: [dense()] } }, denseWeights('d', 3, 2)),
    name: 'FormatError',
    message:
      "model.json: got nothing as the shape of the input 'd_input', expected [null, extents of an example]; build the model with an input shape and export it again",
  },
  'an input of open length': {
    files: sequentialFiles([null, 3], [dense()], denseWeights('d', 3, 2)),
    name: 'ShapeError',
    message:
      "model.json: got [null,null,3] as the shape of the input 'input', expected fixed extents for an example; build the model with them and export it again",
  },
  'a reference to no layer': {
    files: functionalFiles({ layers: [input], input_layers: [['in', 0, 0]], output_layers: [['out', 0, 0]] }),
    name: 'FormatError',
    message: `model.json: got a reference to call 0 of the layer 'out' in ${root}, expected one that is listed there; export the model again`,
  },
  'a reference to an output that is not there': {
    files: functionalFiles({
      layers: [input, placed(layer('Flatten', 'f'), [[['in', 0, 0]]])],
      input_layers: [['in', 0, 0]],
      output_layers: [['f', 0, 1]],
    }),
    name: 'FormatError',
    message: "model.json: got a reference to output 1 of the layer 'f', which has 1; export the model again",
  },
  'an input layer that the model does not list': {
    files: functionalFiles({
      layers: [input, placed(layer('InputLayer', 'other', { batch_input_shape: [null, 2] }))],
      input_layers: [['in', 0, 0]],
      output_layers: [['other', 0, 0]],
    }),
    name: 'FormatError',
    message: "model.json: got no input for 'other', expected it among the model's inputs; export the model again",
  },
  'a circle': {
    files: functionalFiles({
      layers: [
        input,
        placed(layer('Add', 'a'), [
          [
            ['in', 0, 0],
            ['b', 0, 0],
          ],
        ]),
        placed(layer('Flatten', 'b'), [[['a', 0, 0]]]),
      ],
      input_layers: [['in', 0, 0]],
      output_layers: [['b', 0, 0]],
    }),
    name: 'FormatError',
    message: "model.json: got the layer 'b' reading its own output, expected no circle; export the model again",
  },
  'calls that are no lists': {
    files: functionalFiles({
      layers: [input, placed(layer('Flatten', 'f'), ['in'])],
      input_layers: [['in', 0, 0]],
      output_layers: [['f', 0, 0]],
    }),
    name: 'FormatError',
    message: `model.json: got "in" in ${root}.layers[1].inbound_nodes, expected [layer, call, output] entries; export the model again`,
  },
  'no list of outputs': {
    files: functionalFiles({ layers: [input], input_layers: [['in', 0, 0]] }),
    name: 'FormatError',
    message: `model.json: got nothing in ${root}.output_layers, expected [layer, call, output] entries; export the model again`,
  },
  'inputs that do not fit a layer': {
    files: sequentialFiles([3], [layer('Reshape', 'r', { target_shape: [2, 2] })]),
    name: 'ShapeError',
    message:
      "model.json: layer 'r' (Reshape): got examples of shape [3] to reshape to [2, 2], expected the same number of elements",
  },
  'an axis that is the examples': {
    files: functionalFiles({
      layers: [
        input,
        placed(layer('Concatenate', 'c', { axis: 0 }), [
          [
            ['in', 0, 0],
            ['in', 0, 0],
          ],
        ]),
      ],
      input_layers: [['in', 0, 0]],
      output_layers: [['c', 0, 0]],
    }),
    name: 'ShapeError',
    message:
      "model.json: layer 'c' (Concatenate): got axis 0 for inputs of shape [null, 2], expected an axis of an example",
  },
  'one input to a layer that merges': {
    files: sequentialFiles([3], [layer('Add', 'a')]),
    name: 'ShapeError',
    message:
      "model.json: layer 'a' (Add): got 1 inputs of shapes [null, 3], expected two or more with equally many axes",
  },
};

describe('a model that cannot be read says why', () => {
  it.each(Object.keys(cases))('%s', (title) => {
    const { files, name, message } = cases[title]!;
    let caught: Error | undefined;
    try {
      parseLayersModel(files.modelJson, files.weights);
    } catch (error) {
      caught = error as Error;
    }
    expect({ name: caught?.name, message: caught?.message }).toEqual({ name, message });
  });
});
