import { ShapeError, UnsupportedError, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import { z } from 'zod';
import { softmax } from '../activations/softmax.ts';
import { checkJson } from '../json.ts';
import { countUp } from './count-up.ts';
import { formatExample } from './axes.ts';
import type { LayerCall, LayerKind } from './layer.ts';
import { refuseMask } from './masks.ts';

/** What an attention reads: [n, t, …], [n, s, …], [n, s, …]. */
interface Reads {
  readonly query: Value;
  readonly value: Value;
  /** The value where the call names none. */
  readonly key: Value;
}

/** Query, value and key, in this order or by name. Masks, of steps or of pairs of them, are not read. */
function readsOf(call: LayerCall): Reads {
  refuseMask(call);
  const { inputs, named } = call;
  const known = ['query', 'value', 'key'];
  const other = Object.keys(named).filter((name) => !known.includes(name));
  if (other.length > 0)
    throw new UnsupportedError(`got the tensors ${other.join(', ')} in the call, expected ${known.join(', ')} only`);
  const [query, value, key] = known.map((name, i) => named[name]?.[0] ?? inputs[i]);
  if (query === undefined || value === undefined)
    throw new ShapeError(`got ${inputs.length} inputs, expected a query and a value at least`);
  const shapes = [query, value, key ?? value].map((each) => call.builder.shape(each));
  if (shapes.some((shape) => shape.length !== 3))
    throw new ShapeError(
      `got inputs of shapes ${shapes.map(formatExample).join(', ')}, expected sequences [null, steps, channels]`,
    );
  return { query, value, key: key ?? value };
}

/** Scores [..., t, s] with those of later steps as low as numbers are. */
function onlyEarlier(b: ProgramBuilder, scores: Value): Value {
  const [t, s] = b.shape(scores).slice(-2) as [number, number];
  const isEarlier = b.binary('greaterEqual', b.reshape(countUp(b, t), [t, 1]), countUp(b, s));
  return b.where(isEarlier, scores, b.scalar(-1e30));
}

/** Shares of the values: softmax of the scores over the last axis. */
function sharesOf({ builder: b, options }: LayerCall, scores: Value, causal: boolean): Value {
  const kept = causal || options['use_causal_mask'] === true ? onlyEarlier(b, scores) : scores;
  return softmax(b, kept, [b.shape(kept).length - 1]);
}

const multiHeadSchema = z.object({
  num_heads: z.int().positive(),
  key_dim: z.int().positive(),
  value_dim: z.int().positive().nullish(),
  use_bias: z.boolean().default(true),
  output_shape: z.union([z.int().positive(), z.array(z.int().positive())]).nullish(),
  attention_axes: z.union([z.int(), z.array(z.int())]).nullish(),
});

/** The projections of an attention by the names that Keras 2, TensorFlow.js and Keras 3 give them. */
const projections: readonly (readonly string[])[] = [
  ['query', 'query_dense'],
  ['key', 'key_dense'],
  ['value', 'value_dense'],
  ['attention_output', 'attentionOutput', 'output_dense'],
];

/**
 * Attention with several heads between projections: softmax(Q Kᵀ / √key_dim) V for each head, joined by an output projection. Its results are the
 * output [n, t, channels] and the shares [n, heads, t, s].
 *
 * Kernels are [channels, heads, key_dim], that of the output [heads, value_dim, channels]. Source: Vaswani et al. (2017), section 3.2.2.
 */
export const multiHeadAttention: LayerKind = (config, context) => {
  const settings = checkJson(multiHeadSchema, config, context.place);
  const { num_heads: heads, key_dim: keyDim, use_bias: useBias } = settings;
  const valueDim = settings.value_dim ?? keyDim;
  const axes = [settings.attention_axes ?? 1].flat();
  if (axes.join() !== '1') context.unsupported(`attention over the axes ${axes.join(', ')}`, 'attention over axis 1');
  const target = [settings.output_shape ?? []].flat();
  if (target.length > 1) context.unsupported(`an output shape of ${target.length} axes`, 'an output shape of one axis');
  return {
    slots: projections.flatMap((scopes) =>
      ['kernel', ...(useBias ? ['bias'] : [])].map((slot) => ({
        name: `${scopes[0]!}/${slot}`,
        trainable: true,
        scopes,
      })),
    ),
    pointwise: false,
    emit: (call) => {
      const { builder: b } = call;
      const { query, value, key } = readsOf(call);
      const project = projector(call, useBias);
      const headed = (slot: string, x: Value, width: number): Value => {
        const [, steps, channels] = b.shape(x) as [number, number, number];
        const flat = project(slot, x, { kernel: [channels, heads, width], bias: [heads, width] });
        return b.transpose(b.reshape(flat, [-1, steps, heads, width]), [0, 2, 1, 3]);
      };
      const [q, k, v] = [headed('query', query, keyDim), headed('key', key, keyDim), headed('value', value, valueDim)];
      const scores = b.mul(b.matmul(q, k, { transposeB: true }), b.scalar(1 / Math.sqrt(keyDim)));
      const shares = sharesOf(call, scores, false);
      const joined = b.transpose(b.matmul(shares, v), [0, 2, 1, 3]); // [n, t, heads, value_dim]
      const [, steps, channels] = b.shape(query) as [number, number, number];
      const output = target[0] ?? channels;
      const rows = b.reshape(joined, [-1, steps, heads * valueDim]);
      return [project('attention_output', rows, { kernel: [heads, valueDim, output], bias: [output] }), shares];
    },
  };
};

/** x · kernel + bias over the last axis of x; the kernel is read as a matrix. */
function projector(
  call: LayerCall,
  useBias: boolean,
): (slot: string, x: Value, shapes: { readonly kernel: Shape; readonly bias: Shape }) => Value {
  const { builder: b } = call;
  return (slot, x, shapes) => {
    const inputs = b.shape(x).at(-1)!;
    const product = b.matmul(x, b.reshape(call.weight(`${slot}/kernel`, shapes.kernel), [inputs, -1]));
    const width = b.shape(product).at(-1)!;
    return useBias ? b.add(product, b.reshape(call.weight(`${slot}/bias`, shapes.bias), [width])) : product;
  };
}

const attentionSchema = z.object({
  use_scale: z.boolean().default(false),
  score_mode: z.string().default('dot'),
  causal: z.boolean().default(false),
});

/** softmax(scores) V with scores Q Kᵀ, or sums of tanh(q + k); their scale is learned. Source: Luong et al. (2015). */
export const attention: LayerKind = (config, context) => {
  const { use_scale: useScale, score_mode: mode, causal } = checkJson(attentionSchema, config, context.place);
  if (mode !== 'dot' && mode !== 'concat')
    context.unsupported(`the score_mode '${mode}'`, 'the score_modes dot, concat');
  return {
    slots: [
      ...(useScale ? [{ name: 'scale', trainable: true }] : []),
      ...(mode === 'concat' ? [{ name: 'concat_score_weight', trainable: true }] : []),
    ],
    pointwise: false,
    emit: (call) => {
      const { builder: b } = call;
      const reads = readsOf(call);
      const scaled = (x: Value): Value => (useScale ? b.mul(x, call.weight('scale', [])) : x);
      const scores =
        mode === 'concat'
          ? b.mul(call.weight('concat_score_weight', []), b.sum(b.unary('tanh', scaled(sumsOfPairs(b, reads))), [3]))
          : scaled(b.matmul(reads.query, reads.key, { transposeB: true }));
      const shares = sharesOf(call, scores, causal);
      return [b.matmul(shares, reads.value), shares];
    },
  };
};

const additiveSchema = z.object({ use_scale: z.boolean().default(true), causal: z.boolean().default(false) });

/** softmax(scores) V with scores Σ scale · tanh(q + k). Source: Bahdanau et al. (2015). */
export const additiveAttention: LayerKind = (config, context) => {
  const { use_scale: useScale, causal } = checkJson(additiveSchema, config, context.place);
  return {
    slots: useScale ? [{ name: 'scale', trainable: true }] : [],
    pointwise: false,
    emit: (call) => {
      const { builder: b } = call;
      const reads = readsOf(call);
      const pairs = b.unary('tanh', sumsOfPairs(b, reads));
      const width = b.shape(pairs)[3]!;
      const scores = b.sum(useScale ? b.mul(pairs, call.weight('scale', [width])) : pairs, [3]);
      const shares = sharesOf(call, scores, causal);
      return [b.matmul(shares, reads.value), shares];
    },
  };
};

/** q_t + k_s for every pair of steps, [n, t, s, channels]. */
function sumsOfPairs(b: ProgramBuilder, { query, key }: Reads): Value {
  const [[, t, width], [, s]] = [b.shape(query), b.shape(key)] as [[number, number, number], [number, number]];
  return b.add(b.reshape(query, [-1, t, 1, width]), b.reshape(key, [-1, 1, s, width]));
}
