import { Rng } from '@ntk/tensor';
import { readOnnx } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { drawExamples, onnxFixture, runOnnx, type OnnxInput } from './onnx-runtime.ts';
import { outputsOf, worst } from './tfjs.ts';

interface Fixture {
  readonly inputs: readonly OnnxInput[];
  /** Parameters and their layers, in order. */
  readonly parameters: readonly (readonly [name: string, layer: string])[];
  readonly notes?: readonly string[];
  readonly outputActivation?: 'softmax' | 'sigmoid';
  /** Those of them that are not trainable. */
  readonly fixed?: readonly string[];
  /** How many examples the file takes at a time. */
  readonly perRun?: number;
}

const SPLIT = (name: string): string => `the final ${name} is split off: outputs are logits`;

const mlp: Fixture = {
  inputs: [{ shape: [4] }],
  parameters: [
    ['0.weight', '0'],
    ['0.bias', '0'],
    ['1.weight', '1'],
    ['1.bias', '1'],
    ['4.weight', '4'],
    ['4.bias', '4'],
    ['6.weight', '6'],
    ['6.bias', '6'],
  ],
  notes: [SPLIT('softmax')],
  outputActivation: 'softmax',
};

/** Exporters name what they transposed in their own way. */
const positions = (made: string): Fixture => ({
  inputs: [{ shape: [5, 3] }],
  parameters: [
    [made, '0'],
    ['0.bias', '0'],
    ['3.weight', '3'],
    ['3.bias', '3'],
  ],
});

const activations = (slope: readonly [string, string]): Fixture => ({
  inputs: [{ shape: [6] }],
  parameters: [['linear.weight', 'linear'], ['linear.bias', 'linear'], slope],
});

const tokens = (embed: string, mix: readonly [string, string]): Fixture => ({
  inputs: [{ shape: [12] }],
  parameters: [[embed, 'embed'], ['embed.bias', 'embed'], ['token', 'token'], mix],
});

const transformer = (attention: string, first: string, second: string): Fixture => {
  const layer = 'encoder.layers.0';
  const named = (module: string): [string, string][] => [
    [`${module}.weight`, module],
    [`${module}.bias`, module],
  ];
  return {
    inputs: [{ shape: [5], words: 11 }],
    parameters: [
      ['embedding.weight', 'embedding'],
      ['positions', 'positions'],
      ...named(`${layer}.norm1`),
      [attention, `${layer}.self_attn`],
      [`${layer}.self_attn.in_proj_bias`, `${layer}.self_attn`],
      ...named(`${layer}.self_attn.out_proj`),
      ...named(`${layer}.norm2`),
      [first, `${layer}.linear1`],
      [`${layer}.linear1.bias`, `${layer}.linear1`],
      [second, `${layer}.linear2`],
      [`${layer}.linear2.bias`, `${layer}.linear2`],
      ...named('head'),
    ],
  };
};

const FILTERS = (count: number): string =>
  `${count} filters are exposed in TensorFlow's order, [height, width, inputs, outputs] (transposed: outputs, inputs), not in the file's; the names are the file's`;
const FOLDED = (node: string): string =>
  `batch normalisation is folded into '${node}': the parameters differ from those of the original network, and its scale and shift are not among them; to keep them export with training=TrainingMode.PRESERVE or optimize=False`;

type Named = readonly [name: string, layer: string];

/** The parameters after the first filter and its normalisation. */
const laterImages = (scale: Named, shift: Named): Named[] => [
  ['depthwise.weight', 'depthwise'],
  ['dilated.weight', 'dilated'],
  ['dilated.bias', 'dilated'],
  scale,
  shift,
  ['up.weight', 'up'],
  ['up.bias', 'up'],
  ['instance.weight', 'instance'],
  ['instance.bias', 'instance'],
  ['plain.weight', 'plain'],
  ['plain.bias', 'plain'],
  ['head.weight', 'head'],
  ['head.bias', 'head'],
];

const folded = (node: string, weight: string, bias: string, scale: Named, shift: Named): Fixture => ({
  inputs: [{ shape: [2, 9, 8] }],
  parameters: [[weight, 'first'], [bias, 'first'], ...laterImages(scale, shift)],
  notes: [FOLDED(node), FILTERS(5)],
});

const kept = (scale: Named, shift: Named): Fixture => ({
  inputs: [{ shape: [2, 9, 8] }],
  parameters: [
    ['first.weight', 'first'],
    ['first.bias', 'first'],
    ['norm.weight', 'norm'],
    ['norm.bias', 'norm'],
    ['norm.running_mean', 'norm'],
    ['norm.running_var', 'norm'],
    ...laterImages(scale, shift),
  ],
  fixed: ['norm.running_mean', 'norm.running_var'],
  notes: [FILTERS(5)],
});

const sequences = (node: string, weight: string, bias: string): Fixture => ({
  inputs: [{ shape: [2, 9] }],
  parameters: [
    [weight, '0'],
    [bias, '0'],
    ['4.weight', '4'],
    ['4.bias', '4'],
    ['7.weight', '7'],
    ['7.bias', '7'],
  ],
  notes: [FOLDED(node), FILTERS(2)],
});

const memory = (first: Named, second: Named, ...names: readonly string[]): Fixture => ({
  inputs: [{ shape: [5, 3] }],
  parameters: [
    first,
    ...names.slice(0, 2).map((name): Named => [name, first[1]]),
    second,
    ...names.slice(2).map((name): Named => [name, second[1]]),
    ['head.weight', 'head'],
    ['head.bias', 'head'],
  ],
});

const pyramid = (scale: Named, shift: Named): Fixture => ({
  inputs: [{ shape: [2, 6, 8] }],
  parameters: [
    ['first.weight', 'first'],
    ['first.bias', 'first'],
    scale,
    shift,
    ['second.weight', 'second'],
    ['second.bias', 'second'],
    ['squeeze.weight', 'squeeze'],
    ['squeeze.bias', 'squeeze'],
    ['head.weight', 'head'],
    ['head.bias', 'head'],
  ],
  notes: [FILTERS(4)],
});

const fixtures: Readonly<Record<string, Fixture>> = {
  'mlp.script.onnx': mlp,
  'mlp.dynamo.onnx': mlp,
  'external.onnx': mlp,
  'positions.script.onnx': positions('onnx::MatMul_11'),
  'positions.dynamo.onnx': positions('val_1'),
  'activations.script.onnx': activations(['parts.17.weight', 'parts.17']),
  'activations.dynamo.onnx': activations(['val_32', 'val_32']),
  'tokens.script.onnx': tokens('onnx::MatMul_92', ['onnx::MatMul_95', 'mix']),
  'tokens.dynamo.onnx': tokens('val_6', ['val_13', 'val_13']),
  'transformer.script.onnx': transformer('onnx::MatMul_200', 'onnx::MatMul_208', 'onnx::MatMul_209'),
  'transformer.dynamo.onnx': transformer('val_4', 'val_90', 'val_92'),
  'images.script.onnx': folded(
    '/first/Conv',
    'onnx::Conv_121',
    'onnx::Conv_122',
    ['onnx::Mul_128', 'group'],
    ['onnx::Add_129', 'group'],
  ),
  'images.dynamo.onnx': folded(
    'node_Conv_147',
    'first.weight',
    'first.bias',
    ['val_38', 'val_38'],
    ['val_40', 'val_40'],
  ),
  'images_kept.script.onnx': kept(['onnx::Mul_125', 'group'], ['onnx::Add_126', 'group']),
  'images_kept.dynamo.onnx': kept(['group.weight', 'group'], ['group.bias', 'group']),
  'sequences.script.onnx': sequences('/0/Conv', 'onnx::Conv_21', 'onnx::Conv_22'),
  'sequences.dynamo.onnx': sequences('node_Conv_13', '0.weight', '0.bias'),
  'lstm.script.onnx': memory(
    ['onnx::LSTM_355', 'lstm'],
    ['onnx::LSTM_398', 'lstm'],
    'onnx::LSTM_356',
    'onnx::LSTM_354',
    'onnx::LSTM_399',
    'onnx::LSTM_397',
  ),
  'lstm.dynamo.onnx': memory(
    ['val_111', 'val_111'],
    ['val_221', 'val_221'],
    'val_112',
    'val_113',
    'val_222',
    'val_223',
  ),
  'handover.script.onnx': memory(
    ['onnx::GRU_124', 'encoder'],
    ['onnx::RNN_127', 'decoder'],
    'onnx::GRU_125',
    'onnx::GRU_126',
    'onnx::RNN_128',
  ),
  // This exporter writes a simple recurrent layer step by step.
  'handover.dynamo.onnx': {
    inputs: [{ shape: [5, 3] }],
    parameters: [
      ['val_28', 'val_28'],
      ['val_29', 'val_28'],
      ['val_45', 'val_28'],
      ['val_67', 'val_67'],
      ['val_88', 'val_88'],
      ['head.weight', 'head'],
      ['head.bias', 'head'],
    ],
  },
  'causal.script.onnx': {
    inputs: [{ shape: [5, 8] }],
    parameters: [
      ['norm.weight', 'norm'],
      ['norm.bias', 'norm'],
      ['onnx::MatMul_161', 'qkv'],
      ['head.weight', 'head'],
      ['head.bias', 'head'],
    ],
  },
  'pyramid.script.onnx': pyramid(['onnx::Mul_80', 'norm'], ['onnx::Add_81', 'norm']),
  'pyramid.dynamo.onnx': pyramid(['val_23', 'val_23'], ['val_25', 'val_25']),
  'pair.script.onnx': {
    inputs: [{ shape: [3] }, { shape: [3] }],
    parameters: [
      ['shared.weight', 'shared'],
      ['shared.bias', 'shared'],
      ['scale', 'scale'],
      ['head.weight', 'head'],
      ['head.bias', 'head'],
    ],
    notes: ['an example holds the inputs x [3], y [3], flat, one after the other'],
  },
  'single.script.onnx': {
    inputs: [{ shape: [12] }],
    parameters: [
      ['onnx::MatMul_19', 'first'],
      ['first.bias', 'first'],
      ['second.weight', 'second'],
      ['second.bias', 'second'],
    ],
    notes: ['the file is made for 1 example at a time; it is read for any number', SPLIT('sigmoid')],
    outputActivation: 'sigmoid',
    perRun: 1,
  },
  'sklearn_regressor.onnx': {
    inputs: [{ shape: [3] }],
    parameters: [
      ['coefficient', 'coefficient'],
      ['intercepts', 'coefficient'],
      ['coefficient1', 'coefficient1'],
      ['intercepts1', 'coefficient1'],
      ['coefficient2', 'coefficient2'],
      ['intercepts2', 'coefficient2'],
    ],
  },
  'sklearn_classifier.onnx': {
    inputs: [{ shape: [3] }],
    parameters: [
      ['coefficient', 'coefficient'],
      ['intercepts', 'coefficient'],
      ['coefficient1', 'coefficient1'],
      ['intercepts1', 'coefficient1'],
    ],
    notes: ["outputs that are not real numbers are left out: 'label'", SPLIT('softmax')],
    outputActivation: 'softmax',
  },
  'quantized.onnx': {
    inputs: [{ shape: [4] }],
    parameters: [
      ['dense.weight_quantized', 'dense'],
      ['dense.bias_half', 'dense'],
    ],
  },
};

describe.each(Object.entries(fixtures))('%s', (file, fixture) => {
  const path = onnxFixture(file);

  it('has its weights as trainable parameters in layers, and what is to be known', async () => {
    const network = await readOnnx(path);
    expect(network.parameters.map(({ name, layer }) => [name, layer])).toEqual(fixture.parameters);
    const fixed = network.parameters.filter(({ trainable }) => !trainable);
    expect(fixed.map(({ name }) => name)).toEqual(fixture.fixed ?? []);
    expect(network.meta.source).toBe('onnx');
    expect(network.meta.notes).toEqual(fixture.notes ?? []);
    expect(network.meta.outputActivation).toBe(fixture.outputActivation);
  });

  it('computes what ONNX Runtime computes', async () => {
    const network = await readOnnx(path, { outputActivation: 'keep' });
    const perRun = fixture.perRun ?? 6;
    const x = drawExamples(new Rng(file), fixture.inputs, 6);
    const want = await runOnnx(path, x, fixture.inputs, perRun);
    expect(worst(await outputsOf(network, Float64Array.from(x)), want)).toBeLessThan(3e-6);
    expect(worst(await outputsOf(network, x), want)).toBeLessThan(1e-5);
  });
});
