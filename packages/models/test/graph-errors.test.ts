import { parseGraphModel } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { damaged } from './damage.ts';
import { attr, graphFiles, type GraphFiles, type HandConstant, type HandGraph } from './graph-files.ts';

const ones = (...shape: number[]): HandConstant => ({
  shape,
  values: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1),
});
const ints = (...values: number[]): HandConstant => ({ shape: [values.length], values, dtype: 'int32' });

/** A dense layer. */
const dense: HandGraph = {
  inputs: { x: [3] },
  constants: { w: ones(3, 2), b: ones(2) },
  nodes: { xw: { op: 'MatMul', inputs: ['x', 'w'] }, f: { op: 'BiasAdd', inputs: ['xw', 'b'] } },
  outputs: ['f'],
};
const good = graphFiles(dense);
const json = (change: object): unknown => ({ ...good.modelJson, ...change });
const topology = (change: object): unknown => json({ modelTopology: { ...good.modelJson.modelTopology, ...change } });
const named = (change: object): unknown =>
  json({ weightsManifest: [{ paths: ['w'], weights: [{ name: 'w', shape: [2], dtype: 'float32', ...change }] }] });
const graph = (change: Partial<HandGraph>): GraphFiles => graphFiles({ ...dense, ...change });

interface Failure {
  readonly json: unknown;
  readonly weights?: Uint8Array;
  readonly name: string;
  readonly message: string | RegExp;
}

const from = (files: GraphFiles): { json: unknown; weights: Uint8Array } => ({
  json: files.modelJson,
  weights: files.weights,
});

const failures: Readonly<Record<string, Failure>> = {
  'no GraphModel': {
    json: { a: 1 },
    name: 'FormatError',
    message:
      'model.json: got {"a":1}, expected the GraphModel that tensorflowjs_converter writes; export the model again',
  },
  'a node without an operation': {
    json: topology({ node: [{ name: 'x' }] }),
    name: 'FormatError',
    message: 'model.json: got nothing at modelTopology.node[0].op, expected a string; export the model again',
  },
  'too few bytes': {
    json: good.modelJson,
    weights: good.weights.subarray(1),
    name: 'FormatError',
    message: 'model.json: got 31 bytes of weights in weights.bin, expected 32; copy the files again',
  },
  'weights that are texts': {
    json: named({ dtype: 'string' }),
    name: 'UnsupportedError',
    message:
      "model.json: got the type 'string' for the weight 'w', expected float32, or float32 quantised to uint8, uint16 or float16; export the model in single precision",
  },
  'operations that are not supported, all at once': {
    ...from(
      graph({
        nodes: {
          first: { op: 'FFT', inputs: ['x'] },
          second: { op: 'FFT', inputs: ['first'] },
          third: { op: 'TopKV2', inputs: ['second'] },
          unused: { op: 'Bessel', inputs: ['x'] },
          f: { op: 'AddV2', inputs: ['third:1', 'second'] },
        },
      }),
    ),
    name: 'UnsupportedError',
    message:
      /^model\.json: got FFT \('first', 'second'\), TopKV2 \('third'\), which this version does not read; expected the operations Abs, Add, AddN, .*, _FusedConv2D, _FusedMatMul$/,
  },
  'a loop': {
    ...from(
      graph({
        nodes: {
          enter: { op: 'Enter', inputs: ['x'] },
          merge: { op: 'Merge', inputs: ['enter', 'next'] },
          next: { op: 'NextIteration', inputs: ['merge'] },
          f: { op: 'Exit', inputs: ['merge'] },
        },
      }),
    ),
    name: 'UnsupportedError',
    message:
      /^model\.json: got 'enter' \(Enter\), 'merge' \(Merge\), 'next' \(NextIteration\), 'f' \(Exit\), which belong to loops/,
  },
  'a call of a function': {
    ...from(graph({ nodes: { f: { op: 'While', inputs: ['x'], attr: { body: { func: { name: 'body_12' } } } } } })),
    name: 'UnsupportedError',
    message:
      "model.json: got 'f' (While), which belong to loops or call functions that the graph defines; expected operations alone. Networks with recurrent layers are read as LayersModels: tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model model.h5 model",
  },
  'an operation that is a function of the file': {
    json: topology({
      node: [...good.modelJson.modelTopology.node, { name: 'g', op: 'my_function', input: ['x'] }],
      library: { function: [{ signature: { name: 'my_function' } }] },
    }),
    weights: good.weights,
    name: 'UnsupportedError',
    message: /^model\.json: got 'g' \(my_function\), which belong to loops or call functions/,
  },
  'a value that is not there': {
    ...from(graph({ nodes: { f: { op: 'MatMul', inputs: ['x', 'v'] } } })),
    name: 'FormatError',
    message:
      "model.json: got no value 'v', which the node 'f' read, expected one of the graph's; export the model again",
  },
  'no inputs': {
    ...from(graph({ inputs: {}, nodes: { f: { op: 'MatMul', inputs: ['w', 'w'] } } })),
    name: 'FormatError',
    message: 'model.json: got a graph without inputs, expected one at least; export the model again',
  },
  'an input with open extents': {
    ...from(graph({ inputs: { x: [-1] } })),
    name: 'ShapeError',
    message:
      "model.json: got the input 'x' of [n, ?], expected fixed extents for an example; export the model with them, or name them: inputShapes: { 'x': […] }",
  },
  'operands that do not fit': {
    ...from(graph({ inputs: { x: [4] } })),
    name: 'ShapeError',
    message: "model.json: node 'xw' (MatMul): got [n, 4] and [3, 2] to multiply, expected equal inner extents",
  },
  'an operation along the examples': {
    ...from(graph({ constants: { axes: ints(0) }, nodes: { f: { op: 'Mean', inputs: ['x', 'axes'] } } })),
    name: 'ShapeError',
    message:
      "model.json: node 'f' (Mean): got an operation along the axis that holds the examples, expected one that keeps them apart",
  },
  'an unknown fused operation': {
    ...from(
      graph({ nodes: { f: { op: '_FusedMatMul', inputs: ['x', 'w', 'b'], attr: { fused_ops: attr.texts('Gelu') } } } }),
    ),
    name: 'UnsupportedError',
    message: /^model\.json: node 'f' \(_FusedMatMul\): got the fused operation Gelu, expected BiasAdd, Prelu, Relu, /,
  },
};

describe('a GraphModel that cannot be read says why', () => {
  it.each(Object.entries(failures))('%s', (_title, { json: model, weights = new Uint8Array(0), name, message }) => {
    let caught: Error | undefined;
    try {
      parseGraphModel(model, weights);
    } catch (error) {
      caught = error as Error;
    }
    expect(caught?.name).toBe(name);
    if (typeof message === 'string') expect(caught?.message).toBe(message);
    else expect(caught?.message).toMatch(message);
  });

  it('takes the shape of an input from who knows it', () => {
    const { modelJson, weights } = graph({ inputs: { x: [-1] } });
    const network = parseGraphModel(modelJson, weights, { inputShapes: { x: [3] } });
    expect(network.program.inputs[0]!.shape).toEqual([1, 3]);
  });
});

const image: HandGraph = {
  inputs: { x: [4, 4, 2] },
  constants: {
    filter: ones(2, 2, 2, 3),
    offset: ones(3),
    begin: ints(0, 0, 1, 0),
    end: ints(0, 0, 3, 0),
    step: ints(1, 1, 1, 1),
    axes: ints(1, 2),
    axis: { shape: [], values: [1], dtype: 'int32' },
    table: ones(3, 2),
  },
  nodes: {
    conv: {
      op: '_FusedConv2D',
      inputs: ['x', 'filter', 'offset'],
      attr: {
        strides: attr.ints(1, 1, 1, 1),
        padding: attr.text('SAME'),
        data_format: attr.text('NHWC'),
        fused_ops: attr.texts('BiasAdd', 'Relu'),
        num_args: attr.int(1),
      },
    },
    pool: {
      op: 'MaxPool',
      inputs: ['conv'],
      attr: { ksize: attr.ints(1, 2, 2, 1), strides: attr.ints(1, 2, 2, 1), padding: attr.text('VALID') },
    },
    part: {
      op: 'StridedSlice',
      inputs: ['pool', 'begin', 'end', 'step'],
      attr: { begin_mask: attr.int(9), end_mask: attr.int(15) },
    },
    mean: { op: 'Mean', inputs: ['part', 'axes'], attr: { keep_dims: attr.flag(false) } },
    twice: { op: 'ConcatV2', inputs: ['mean', 'mean', 'axis'], attr: { N: attr.int(2) } },
    halves: { op: 'Split', inputs: ['axis', 'twice'], attr: { num_split: attr.int(2) } },
    xw: { op: 'MatMul', inputs: ['halves:1', 'table'] },
    f: { op: 'Softmax', inputs: ['xw'] },
  },
  outputs: ['f'],
};

const junk: readonly unknown[] = [
  null,
  -1,
  0,
  1.5,
  1e9,
  '',
  'x',
  'conv:1',
  '^x',
  true,
  [],
  [null],
  {},
  { s: 'SAME' },
  { i: '-3' },
  { list: { i: ['0', '2'] } },
  { type: 'DT_STRING' },
];

describe('a damaged GraphModel', () => {
  const files = graphFiles(image);

  it('is read whole, to begin with', () => {
    expect(parseGraphModel(files.modelJson, files.weights).meta.outputActivation).toBe('softmax');
  });

  it('is read or refused with an error that names the file, never a crash', () => {
    const rng = new Rng('damage');
    const names = new Set<string>();
    for (let round = 0; round < 1000; round++) {
      const model = damaged(files.modelJson, rng, junk);
      try {
        parseGraphModel(model, files.weights);
      } catch (error) {
        const { name, message } = error as Error;
        if (!/^(Format|Shape|Unsupported)Error$/.test(name) || !message.startsWith('model.json: ')) throw error;
        names.add(name);
      }
    }
    expect([...names].sort()).toEqual(['FormatError', 'ShapeError', 'UnsupportedError']);
  });
});
