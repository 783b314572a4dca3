import { parseOnnx, readOnnx } from '@ntk/models';
import { NtkError } from '@ntk/tensor';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  encodeTestModel,
  floats,
  ints,
  type TestModel,
  type TestNode,
  type TestTensor,
  type TestValue,
} from './onnx-model.ts';

const x: TestValue = { name: 'x', shape: ['n', 3] };
const y: TestValue = { name: 'y', shape: ['n', 2] };
const weight = floats([3, 2], [1, 2, 3, 4, 5, 6]);

function node(op: string, inputs: string, outputs = 'y', more: Partial<TestNode> = {}): TestNode {
  const names = (list: string): string[] => list.split(' ').map((name) => (name === '-' ? '' : name));
  return { op, inputs: names(inputs), outputs: names(outputs), name: `/a/${op}`, ...more };
}

/** A product with a weight, changed. */
function model(change: Partial<TestModel>): TestModel {
  return { inputs: [x], outputs: [y], tensors: { w: weight }, nodes: [node('MatMul', 'x w')], ...change };
}

/** One operation on x. */
function applied(
  one: TestNode,
  tensors: Readonly<Record<string, TestTensor>> = {},
  shape: TestValue['shape'] = x.shape,
): TestModel {
  return model({ inputs: [{ name: 'x', shape }], nodes: [one], tensors });
}

type Case = readonly [model: TestModel, name: string, message: string];

const files: Record<string, Case> = {
  'an old operator set': [
    model({ opset: 12 }),
    'UnsupportedError',
    `got the operator set 12, expected 13 or newer; export with a newer opset_version, or convert by: python -c "import onnx; onnx.save(onnx.version_converter.convert_version(onnx.load('model.onnx'), 17), 'new.onnx')"`,
  ],
  'operations of its own': [
    model({ functions: true }),
    'UnsupportedError',
    `got a model that defines operations of its own, expected standard ones; inline them by: python -c "import onnx, onnx.inliner; onnx.save(onnx.inliner.inline_local_functions(onnx.load('model.onnx')), 'new.onnx')"`,
  ],
  'operations that ONNX Runtime fused': [
    model({
      nodes: [
        node('FusedMatMul', 'x w', 'h', { domain: 'com.microsoft', name: 'first' }),
        node('QLinearAdd', 'h h', 'y', { domain: 'com.microsoft', name: 'second' }),
      ],
      domains: ['com.microsoft'],
    }),
    'UnsupportedError',
    "got operations of ONNX Runtime's own, com.microsoft.FusedMatMul 'first', com.microsoft.QLinearAdd 'second', expected standard ones; take the model as it was before it was optimised or quantised",
  ],
  'tensors in another file that nobody gives': [
    model({ tensors: { w: { ...weight, external: true } } }),
    'FormatError',
    "got tensors in the file 'external.bin', expected its bytes; hand them in as external, or read the model with readOnnx",
  ],
  'too few bytes of a tensor': [
    model({ tensors: { w: { ...weight, values: [1, 2] } } }),
    'FormatError',
    "got 8 bytes of the tensor 'w', expected 24; export the model again",
  ],
  'a tensor of texts': [
    model({ tensors: { w: { ...weight, type: 'text' } } }),
    'UnsupportedError',
    "got the data type 8 of the tensor 'w', expected real numbers, integers or truth values",
  ],
  'a tensor of complex numbers': [
    model({ tensors: { w: { ...weight, type: 'complex' } } }),
    'UnsupportedError',
    "got the data type 14 of the tensor 'w', expected real numbers, integers or truth values",
  ],
  'a weight that is not a number': [
    model({ tensors: { w: floats([3, 2], [1, 2, NaN, 4, 5, 6]) } }),
    'FormatError',
    "got NaN at entry 2 of the weight 'w', expected finite numbers; the training may have diverged: export an earlier state, or train again",
  ],
  'an input of texts': [
    model({ inputs: [{ ...x, type: 'text' }] }),
    'UnsupportedError',
    "got the input 'x' of the data type 8, expected numbers or truth values",
  ],
  'an open extent beside the number of examples': [
    model({ inputs: [{ name: 'x', shape: ['n', 'length', 3] }] }),
    'ShapeError',
    "got the input 'x' of [n, ?, 3], expected fixed extents for an example; export the model with them, or name them: inputShapes: { 'x': […, 3] }",
  ],
  'an input without axes': [
    model({ inputs: [{ name: 'x', shape: [] }] }),
    'FormatError',
    "got the input 'x' without axes, expected the number of examples and the shape of one; export the model again, or name it: inputShapes: { 'x': […] }",
  ],
  'no input': [
    model({ inputs: [], nodes: [node('Relu', 'w')] }),
    'FormatError',
    'got a graph without inputs, expected one at least; export the model again',
  ],
  'labels only': [
    model({ outputs: [{ ...y, type: 'int64' }] }),
    'UnsupportedError',
    'got no output of real numbers, expected one at least; export the model with its scores or probabilities',
  ],
  'a value that nothing gives': [
    model({ nodes: [node('MatMul', 'x v')] }),
    'FormatError',
    "got no value 'v', which the node '/a/MatMul' read, expected one of the graph's; export the model again",
  ],
  'a circle': [
    model({ nodes: [node('Add', 'x y')] }),
    'FormatError',
    "got the node '/a/Add' reading its own output, expected no circle; export the model again",
  ],
};

/** What an operation says of its operands and attributes, after the node's name. */
const operations: Record<string, Case> = {
  'operands that do not fit': [
    model({ inputs: [{ name: 'x', shape: ['n', 4] }] }),
    'ShapeError',
    'got [n, 4] and [3, 2] to multiply, expected equal inner extents',
  ],
  'a sum over examples': [
    applied(node('ReduceSum', 'x a'), { a: ints(0) }),
    'ShapeError',
    'got an operation along the axis that holds the examples, expected one that keeps them apart',
  ],
  'a product over examples': [
    applied(node('ReduceProd', 'x', 'y', { attributes: { axes: [0] } })),
    'ShapeError',
    'got an operation along the axis that holds the examples, expected one that keeps them apart',
  ],
  'a normalisation by the moments of a batch': [
    applied(node('BatchNormalization', 'x s s s s', 'y', { attributes: { training_mode: 1 } }), {
      s: floats([3], [1, 1, 1]),
    }),
    'UnsupportedError',
    'got training_mode = 1, which normalises by the moments of a batch, expected stored ones; export the model in evaluation mode',
  ],
  'values that are quantised as they are computed': [
    applied(node('DequantizeLinear', 'x s'), { s: floats([], [1]) }),
    'UnsupportedError',
    "got quantised values that depend on the network's input, expected fixed ones",
  ],
  'a function that Programs lack': [
    applied(node('Sin', 'x')),
    'UnsupportedError',
    "got operands of Sin that depend on the network's input, expected fixed ones",
  ],
  'real numbers that become whole': [
    applied(node('Cast', 'x', 'y', { attributes: { to: 7 } })),
    'UnsupportedError',
    'got real numbers to cast to integers, which has no derivative',
  ],
  'an attribute of another type': [
    applied(node('Softmax', 'x', 'y', { attributes: { axis: 'one' } })),
    'UnsupportedError',
    'got "one" as axis, expected a number',
  ],
  'bounds that are computed': [
    applied(node('Slice', 'x x x')),
    'UnsupportedError',
    "got starts that depend on the network's input, expected fixed ones",
  ],
  'an interpolation by cubes': [
    applied(node('Resize', 'x - s', 'y', { attributes: { mode: 'cubic' } }), { s: floats([4], [1, 1, 2, 2]) }, [
      'n',
      1,
      2,
      2,
    ]),
    'UnsupportedError',
    "got mode = 'cubic', expected one of nearest, linear",
  ],
  'gates with limits': [
    applied(node('LSTM', 'x w w', 'y', { attributes: { hidden_size: 2, layout: 1, clip: 3 } }), { w: weight }, [
      'n',
      4,
      3,
    ]),
    'UnsupportedError',
    'got clip, expected gates without limits',
  ],
  'sequences of different lengths': [
    applied(node('GRU', 'x w w - l', 'y', { attributes: { hidden_size: 2, layout: 1 } }), { w: weight, l: ints(4) }, [
      'n',
      4,
      3,
    ]),
    'UnsupportedError',
    'got lengths of sequences, expected all of the full length; export without them',
  ],
};

function failure(bytes: Uint8Array): { name: string; message: string } {
  try {
    parseOnnx(bytes);
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message };
  }
  return { name: 'none', message: '' };
}

describe('an ONNX file that cannot be read says why', () => {
  it.each(Object.keys(files))('%s', (title) => {
    const [given, name, message] = files[title]!;
    expect(failure(encodeTestModel(given))).toEqual({ name, message: `model.onnx: ${message}` });
  });

  it.each(Object.keys(operations))('%s', (title) => {
    const [given, name, message] = operations[title]!;
    const { op } = given.nodes[0]!;
    expect(failure(encodeTestModel(given))).toEqual({
      name,
      message: `model.onnx: node '/a/${op}' (${op}): ${message}`,
    });
  });

  it('all operations that are unknown and needed, at once, with what is known', () => {
    const nodes = [
      node('NonZero', 'x', 'a'),
      node('DynamicQuantizeLinear', 'a', 'b s z'),
      node('MatMulInteger', 'b w', 'c', { name: 'first' }),
      node('MatMulInteger', 'c w', 'd', { name: 'second' }),
      node('Foo', 'd', 'y', { domain: 'my.domain' }),
      node('Bar', 'x', 'unneeded'),
    ];
    const { name, message } = failure(encodeTestModel(model({ nodes, domains: ['my.domain'] })));
    expect(name).toBe('UnsupportedError');
    expect(message).toMatch(
      /^model\.onnx: got NonZero \('\/a\/NonZero'\), DynamicQuantizeLinear \('\/a\/DynamicQuantizeLinear'\), MatMulInteger \('first', 'second'\), my\.domain\.Foo \('\/a\/Foo'\), which this version does not read; expected the operations Abs, Add, And, .*, Where, Xor, ai\.onnx\.ml\.LinearRegressor/,
    );
  });

  it('a file that ends too early, wherever', () => {
    const bytes = encodeTestModel(model({}));
    // The last message is the operator set: without it, or without a graph, a file is none.
    for (let length = 0; length < bytes.length; length++) {
      const { name, message } = failure(bytes.subarray(0, length));
      expect([length, name]).toEqual([length, 'FormatError']);
      expect(message).toMatch(
        /^model\.onnx: got a file that is not an ONNX model \(.*\), expected one; export or copy the model again$/,
      );
    }
  });

  it('a file with bytes changed is read or refused with a typed error', () => {
    const bytes = encodeTestModel(model({}));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      try {
        parseOnnx(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(NtkError);
      }
    }
  });
});

describe('tensors in a file beside the model', () => {
  const bytes = encodeTestModel(model({ tensors: { w: { ...weight, external: true } } }));

  async function inFolder<T>(content: Uint8Array | undefined, use: (path: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-'));
    try {
      const path = join(folder, 'm.onnx');
      await writeFile(path, bytes);
      if (content) await writeFile(join(folder, 'external.bin'), content);
      return await use(path);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it('are read', async () => {
    const content = new Uint8Array(Float32Array.from(weight.values).buffer);
    const { values } = await inFolder(content, (path) => readOnnx(path));
    expect(values).toEqual([Float32Array.from(weight.values)]);
  });

  it('are missed', async () => {
    await inFolder(undefined, async (path) => {
      await expect(readOnnx(path)).rejects.toThrow(
        `${path}: got no readable file ${join(path, '..', 'external.bin')} (ENOENT), expected the tensors of the model in it; copy it there`,
      );
    });
  });

  it('are cut off', async () => {
    await inFolder(new Uint8Array(20), async (path) => {
      await expect(readOnnx(path)).rejects.toThrow(
        `${path}: got 20 bytes in 'external.bin', expected 24 for the tensor 'w'; copy the file again`,
      );
    });
  });
});

describe('which tensors are parameters', () => {
  function parametersOf(nodes: readonly TestNode[], tensors: Readonly<Record<string, TestTensor>>): string[] {
    const { parameters } = parseOnnx(encodeTestModel(model({ nodes, tensors })));
    return parameters.map(({ name, trainable }) => (trainable ? name : `${name} (fixed)`));
  }

  it.each<[string, TestNode[], Record<string, TestTensor>, string[]]>([
    ['a product and its bias', [node('Gemm', 'x w b')], { w: weight, b: floats([2], [1, 2]) }, ['w', 'b']],
    [
      'a bias of one number',
      [node('MatMul', 'x w', 'h'), node('Add', 'h b')],
      { w: weight, b: floats([1], [1]) },
      ['w', 'b'],
    ],
    [
      'a scale and a shift',
      [node('Mul', 'x s', 'h'), node('Add', 'h t')],
      { s: floats([3], [1, 2, 3]), t: floats([3], [4, 5, 6]) },
      ['s', 't'],
    ],
    [
      'no scale of an attention, no epsilon',
      [node('MatMul', 'x w', 'h'), node('Mul', 'h s', 'g'), node('Add', 'g e')],
      { w: weight, s: floats([], [0.5]), e: floats([1], [1e-5]) },
      ['w'],
    ],
    [
      'no mask',
      [node('Add', 'x m', 'h'), node('MatMul', 'h w')],
      { w: weight, m: floats([3], [0, -Infinity, 0]) },
      ['w'],
    ],
    [
      'no standardisation',
      [node('Sub', 'x m', 'h'), node('Div', 'h s', 'g'), node('MatMul', 'g w')],
      { w: weight, m: floats([3], [1, 2, 3]), s: floats([3], [4, 5, 6]) },
      ['w'],
    ],
    [
      'stored moments, which are fixed',
      [node('BatchNormalization', 'x s b m v')],
      { s: floats([3], [1, 2, 3]), b: floats([3], [1, 2, 3]), m: floats([3], [1, 2, 3]), v: floats([3], [1, 2, 3]) },
      ['m (fixed)', 'v (fixed)', 's', 'b'],
    ],
    ['a slope', [node('PRelu', 'x s')], { s: floats([3], [1, 2, 3]) }, ['s']],
    [
      'no shapes',
      [node('Reshape', 'x s', 'h'), node('Flatten', 'h', 'f'), node('MatMul', 'f w')],
      { w: weight, s: ints(0, 3, 1) },
      ['w'],
    ],
  ])('%s', (_title, nodes, tensors, expected) => {
    const found = parametersOf(nodes, tensors);
    expect(found.toSorted()).toEqual(expected.toSorted());
  });
});
