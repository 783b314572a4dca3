import * as tfc from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
// Registers the initialisers that the attention looks up by name.
import '@tensorflow/tfjs-layers';
import { EinsumDense } from '@tensorflow/tfjs-layers/dist/layers/nlp/einsum_dense.js';
import { MultiHeadAttention } from '@tensorflow/tfjs-layers/dist/layers/nlp/multihead_attention.js';
import { parseLayersModel, type LayersModelFiles } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { functionalFiles, layer, modelFiles, type HandWeight, type LayerJson } from './model-files.ts';
import { outputsOf, randomInputs, worst } from './tfjs.ts';

beforeAll(() => tfc.setBackend('cpu'));

const [T, S, QUERY, VALUE] = [4, 3, 6, 5];
const EXAMPLES = 3;

const placed = (one: LayerJson, inbound: unknown[]): LayerJson => ({ ...one, inbound_nodes: inbound });
const input = (name: string, shape: readonly number[]): LayerJson =>
  placed(layer('InputLayer', name, { batch_input_shape: [null, ...shape] }), []);

/** A model of an attention and a Flatten, called as Keras 2 writes it: tensors and options in the entry of the query. */
function attentionFiles(
  attention: LayerJson,
  call: unknown,
  weights: readonly HandWeight[],
  shapes: readonly (readonly number[])[] = [
    [T, QUERY],
    [S, VALUE],
  ],
): LayersModelFiles {
  const layers = [
    ...shapes.map((shape, i) => input(['q', 'v', 'k'][i]!, shape)),
    placed(attention, [call]),
    placed(layer('Flatten', 'f'), [[['a', 0, 0, {}]]]),
  ];
  const inputs = shapes.map((_, i) => [['q', 'v', 'k'][i]!, 0, 0]);
  return functionalFiles({ layers, input_layers: inputs, output_layers: [['f', 0, 0]] }, weights);
}

/** Weights of a layer of TensorFlow.js, drawn anew, with the scopes of their names below the layer 'a'. */
function drawWeights(of: tfl.layers.Layer, rng: Rng): HandWeight[] {
  const drawn = of.weights.map((weight) => {
    const shape = weight.shape as number[];
    const values = [
      ...randomInputs(
        rng,
        shape.reduce((a, b) => a * b, 1),
      ),
    ].map((value) => 0.4 * value);
    return { name: `a/${weight.originalName}`, shape, values };
  });
  of.setWeights(drawn.map(({ values, shape }) => tfc.tensor(values, shape)));
  return drawn;
}

/** Examples of several inputs, each flat, one after the other. */
function interleaved(parts: readonly Float32Array[]): Float64Array {
  return Float64Array.from(
    Array.from({ length: EXAMPLES }, (_, e) =>
      parts.flatMap((part) => {
        const size = part.length / EXAMPLES;
        return [...part.subarray(e * size, (e + 1) * size)];
      }),
    ).flat(),
  );
}

describe('MultiHeadAttention agrees with the layer of TensorFlow.js', () => {
  const SCOPES = ['query', 'key', 'value', 'attention_output'];

  it.each<[string, Record<string, unknown>]>([
    ['by default', {}],
    ['with values of another width', { valueDim: 4 }],
    ['without bias', { useBias: false }],
    ['with another output', { outputShape: [7] }],
  ])('%s', async (title, options) => {
    const rng = new Rng(title);
    const theirs = new MultiHeadAttention({ numHeads: 2, keyDim: 3, ...options });
    theirs.buildFromSignature([null, T, QUERY], [null, S, VALUE]);
    const parts = ['_queryDense', '_keyDense', '_valueDense', '_outputDense'].map(
      (name) => (theirs as never as Record<string, tfl.layers.Layer>)[name]!,
    );
    parts.forEach((part, i) =>
      part.build(
        [
          [null, T, QUERY],
          [null, S, VALUE],
          [null, S, VALUE],
          [null, T, 2, Number(options['valueDim'] ?? 3)],
        ][i]!,
      ),
    );
    const weights = parts.flatMap((part, i) =>
      drawWeights(part, rng).map((weight) => ({ ...weight, name: weight.name.replace('a/', `a/${SCOPES[i]!}/`) })),
    );
    const [q, v] = [randomInputs(rng, EXAMPLES * T * QUERY), randomInputs(rng, EXAMPLES * S * VALUE)];
    const want = tfc.tidy(() => {
      const [query, value] = [tfc.tensor(q, [EXAMPLES, T, QUERY]), tfc.tensor(v, [EXAMPLES, S, VALUE])];
      return theirs.call(query, { value }).dataSync();
    });
    const config = {
      num_heads: 2,
      key_dim: 3,
      value_dim: options['valueDim'] ?? null,
      use_bias: options['useBias'] ?? true,
      output_shape: options['outputShape'] ?? null,
    };
    const call = [['q', 0, 0, { value: ['v', 0, 0], training: null }]];
    const { modelJson, weights: bytes } = attentionFiles(layer('MultiHeadAttention', 'a', config), call, weights);
    const got = await outputsOf(parseLayersModel(modelJson, bytes), interleaved([q, v]));
    expect(worst(got, want)).toBeLessThan(3e-6);
  });
});

/** softmax over the last axis of rows of scores. */
function shares(scores: readonly number[]): number[] {
  const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((each) => each / sum);
}

type Rows = readonly (readonly number[])[];

/** Σ_s shares_ts v_s for every step t. */
function attend(
  q: Rows,
  k: Rows,
  v: Rows,
  score: (q: readonly number[], k: readonly number[], t: number, s: number) => number,
): number[] {
  return q.flatMap((query, t) => {
    const weights = shares(k.map((key, s) => score(query, key, t, s)));
    return v[0]!.map((_, column) => weights.reduce((sum, weight, s) => sum + weight * v[s]![column]!, 0));
  });
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe('attention of Keras follows its definition', () => {
  const rng = new Rng('attention');
  const rows = (count: number, width: number): number[][] =>
    Array.from({ length: count }, () => [...rng.normals(width)]);
  const [q, v, k] = [rows(3, 4), rows(3, 2), rows(3, 4)];
  const x = Float64Array.from([...q.flat(), ...v.flat(), ...k.flat()]);
  const shapes = [
    [3, 4],
    [3, 2],
    [3, 4],
  ];
  const listed = [
    ['q', 0, 0, {}],
    ['v', 0, 0, {}],
    ['k', 0, 0, {}],
  ];
  const scale: HandWeight = { name: 'a/scale', shape: [], values: [0.75] };
  const scales: HandWeight = { name: 'a/scale', shape: [4], values: [0.5, -1, 2, 0.25] };
  const concatWeight: HandWeight = { name: 'a/concat_score_weight', shape: [], values: [1.5] };
  const sumTanh = (a: readonly number[], b: readonly number[], by: readonly number[] = [], inner = 1): number =>
    a.reduce((sum, each, i) => sum + (by[i] ?? 1) * Math.tanh(inner * (each + b[i]!)), 0);

  it.each<[string, LayerJson, unknown, readonly HandWeight[], Parameters<typeof attend>[3]]>([
    ['Attention', layer('Attention', 'a', {}), listed, [], dot],
    ['with a learned scale', layer('Attention', 'a', { use_scale: true }), listed, [scale], (a, b) => 0.75 * dot(a, b)],
    [
      'with sums of tanh',
      layer('Attention', 'a', { score_mode: 'concat', use_scale: true }),
      listed,
      [scale, concatWeight],
      (a, b) => 1.5 * sumTanh(a, b, [], 0.75),
    ],
    [
      'causal, as Keras 2.11 calls it',
      layer('Attention', 'a', {}),
      [
        ['q', 0, 0, { use_causal_mask: true }],
        ['v', 0, 0, {}],
        ['k', 0, 0, {}],
      ],
      [],
      (a, b, t, s) => (s > t ? -Infinity : dot(a, b)),
    ],
    [
      'causal, as older ones are configured',
      layer('Attention', 'a', { causal: true }),
      listed,
      [],
      (a, b, t, s) => (s > t ? -Infinity : dot(a, b)),
    ],
    [
      'AdditiveAttention',
      layer('AdditiveAttention', 'a', {}),
      listed,
      [scales],
      (a, b) => sumTanh(a, b, scales.values),
    ],
    [
      'additive without scale',
      layer('AdditiveAttention', 'a', { use_scale: false }),
      listed,
      [],
      (a, b) => sumTanh(a, b),
    ],
  ])('%s', async (_title, attention, call, weights, score) => {
    const { modelJson, weights: bytes } = attentionFiles(attention, call, weights, shapes);
    const got = await outputsOf(parseLayersModel(modelJson, bytes), x);
    expect(worst(got, attend(q, k, v, score))).toBeLessThan(1e-14);
  });

  it('MultiHeadAttention as Keras 3 calls it, causal, over more steps than a constant may hold', async () => {
    const steps = 130;
    const [xs, ys] = [rows(steps, 1), rows(steps, 1)];
    const tensor = (name: string): unknown => ({
      class_name: '__keras_tensor__',
      config: { keras_history: [name, 0, 0] },
    });
    const one = (name: string, values: number[], shape: number[]): HandWeight => ({ name: `a/${name}`, shape, values });
    const weights = [
      ...['query', 'key', 'value'].map((name, i) => one(`${name}/kernel`, [i + 1], [1, 1, 1])),
      one('attention_output/kernel', [0.5], [1, 1, 1]),
    ];
    const layers = [
      input('q', [steps, 1]),
      input('v', [steps, 1]),
      placed(layer('MultiHeadAttention', 'a', { num_heads: 1, key_dim: 1, use_bias: false }), [
        { args: [tensor('q'), tensor('v')], kwargs: { use_causal_mask: true, attention_mask: null } },
      ]),
      placed(layer('Flatten', 'f'), [[['a', 0, 0, {}]]]),
    ];
    const config = {
      name: 'm',
      layers,
      input_layers: [
        ['q', 0, 0],
        ['v', 0, 0],
      ],
      output_layers: [['f', 0, 0]],
    };
    const files = modelFiles({ class_name: 'Functional', config }, weights, '3.4.0');
    const got = await outputsOf(
      parseLayersModel(files.modelJson, files.weights),
      Float64Array.from([...xs, ...ys].flat()),
    );
    const want = attend(xs, ys, ys, ([a], [b], t, s) => (s > t ? -Infinity : 2 * a! * b!)).map((each) => 1.5 * each);
    expect(worst(got, want)).toBeLessThan(1e-13);
  });

  it('a mask over pairs of steps is refused', () => {
    const call = [
      ['q', 0, 0, { attention_mask: ['k', 0, 0] }],
      ['v', 0, 0, {}],
    ];
    const { modelJson, weights } = attentionFiles(layer('Attention', 'a', {}), call, [], shapes);
    expect(() => parseLayersModel(modelJson, weights)).toThrow(
      "model.json: layer 'a' (Attention): got the tensors attention_mask in the call, expected query, value, key only",
    );
  });

  it('a sequence with steps to be skipped is refused', () => {
    const layers = [
      input('q', [3, 4]),
      placed(layer('Masking', 'm'), [[['q', 0, 0, {}]]]),
      placed(layer('Attention', 'a', {}), [
        [
          ['m', 0, 0, {}],
          ['q', 0, 0, {}],
        ],
      ]),
      placed(layer('Flatten', 'f'), [[['a', 0, 0, {}]]]),
    ];
    const { modelJson, weights } = functionalFiles({
      layers,
      input_layers: [['q', 0, 0]],
      output_layers: [['f', 0, 0]],
    });
    expect(() => parseLayersModel(modelJson, weights)).toThrow(
      "model.json: layer 'a' (Attention): got a sequence with a mask (of Masking or mask_zero), which this layer does not read",
    );
  });
});

describe('EinsumDense agrees with the layer of TensorFlow.js', () => {
  it.each<[string, number[], { equation: string; outputShape: unknown; biasAxes?: string; activation?: string }]>([
    ['a projection to heads', [4, 5], { equation: 'abc,cde->abde', outputShape: [null, 2, 3], biasAxes: 'de' }],
    ['a projection of heads', [4, 2, 3], { equation: 'abde,dec->abc', outputShape: [null, 5], biasAxes: 'c' }],
    ['a bias of one axis of two', [4, 5], { equation: 'abc,cde->abde', outputShape: [null, 2, 3], biasAxes: 'd' }],
    ['steps mixed, axes exchanged', [4, 5], { equation: 'abc,bd->acd', outputShape: [5, 3], activation: 'tanh' }],
  ])('%s', async (title, shape, options) => {
    const rng = new Rng(title);
    const theirs = new EinsumDense(options as never);
    theirs.build([null, ...shape]);
    const weights = drawWeights(theirs, rng);
    const x = randomInputs(rng, EXAMPLES * shape.reduce((a, b) => a * b, 1));
    const want = tfc.tidy(() => (theirs.call(tfc.tensor(x, [EXAMPLES, ...shape]), {}) as tfc.Tensor).dataSync());
    const { equation, outputShape, biasAxes = null, activation = 'linear' } = options;
    const config = { equation, output_shape: outputShape, bias_axes: biasAxes, activation };
    const { modelJson, weights: bytes } = attentionFiles(
      layer('EinsumDense', 'a', config),
      [['q', 0, 0, {}]],
      weights,
      [shape],
    );
    const got = await outputsOf(parseLayersModel(modelJson, bytes), Float64Array.from(x));
    expect(worst(got, want)).toBeLessThan(3e-6);
  });

  it('with an ellipsis is a dense layer', async () => {
    const rng = new Rng(3);
    const kernel = { name: 'a/kernel', shape: [5, 4], values: [...randomInputs(rng, 20)] };
    const x = Float64Array.from(randomInputs(rng, EXAMPLES * 30));
    const layers = [
      layer('EinsumDense', 'a', { equation: '...x,xy->...y', output_shape: 4 }),
      layer('Dense', 'a', { units: 4, use_bias: false }),
    ];
    const [got, want] = await Promise.all(
      layers.map((one) => {
        const { modelJson, weights } = attentionFiles(one, [['q', 0, 0, {}]], [kernel], [[2, 3, 5]]);
        return outputsOf(parseLayersModel(modelJson, weights), x);
      }),
    );
    expect(got).toEqual(want);
  });

  it('says which equations it reads', () => {
    const { modelJson, weights } = attentionFiles(
      layer('EinsumDense', 'a', { equation: 'abc,abd->acd', output_shape: [5, 2] }),
      [['q', 0, 0, {}]],
      [{ name: 'a/kernel', shape: [1, 4, 2], values: new Array<number>(8).fill(1) }],
      [[4, 5]],
    );
    expect(() => parseLayersModel(modelJson, weights)).toThrow(
      "got the equation 'abc,abd->acd' at modelTopology.model_config.config.layers[1].config for 3 axes, expected one such as 'abc,cd->abd': axes of the kernel are summed over or new",
    );
  });
});
