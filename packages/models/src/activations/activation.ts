import type { ProgramBuilder, Value } from '@ntk/tensor';
import { excerpt, type JsonObject } from '../json.ts';
import type { LayerCall, LayerContext } from '../layers/layer.ts';
import {
  elu,
  gelu,
  geluTanh,
  hardSigmoid,
  leakyRelu,
  mish,
  relu6,
  selu,
  softplus,
  softsign,
  swish,
} from './functions.ts';
import { logSoftmax, softmax } from './softmax.ts';

/** An activation of a layer: emits its function of one value. */
export type Activation = (call: LayerCall, x: Value) => Value;

type Formula = (b: ProgramBuilder, x: Value, kerasVersion: number) => Value;

/** Activations by their Keras names; tfjs writes some of them in camel case. */
const formulas: { readonly [name: string]: Formula } = {
  linear: (_b, x) => x,
  relu: (b, x) => b.unary('relu', x),
  relu6,
  leaky_relu: (b, x) => leakyRelu(b, x, b.scalar(0.2)),
  tanh: (b, x) => b.unary('tanh', x),
  sigmoid: (b, x) => b.unary('sigmoid', x),
  // Keras 3 changed the slope from 1/5 to 1/6 under the same name.
  hard_sigmoid: (b, x, kerasVersion) => hardSigmoid(b, x, kerasVersion >= 3 ? 1 / 6 : 0.2),
  softplus,
  softsign,
  elu: (b, x) => elu(b, x, 1),
  selu,
  gelu,
  gelu_new: geluTanh,
  swish,
  silu: swish,
  mish,
  exponential: (b, x) => b.unary('exp', x),
  softmax: (b, x) => softmax(b, x, lastAxis(b, x)),
  log_softmax: (b, x) => logSoftmax(b, x, lastAxis(b, x)),
};

/** Names of the supported activations. */
export const activationNames: readonly string[] = Object.keys(formulas);

/**
 * The activation that a configuration names: a name, or a serialised object with one. Nothing or null is linear.
 * An unknown one is noted in the context as unsupported and read as linear.
 */
export function readActivation(value: unknown, context: LayerContext): Activation {
  const name = nameOf(value);
  const canonical =
    name === undefined ? undefined : activationNames.find((known) => squeezed(known) === squeezed(name));
  if (canonical === undefined) {
    const given = name === undefined ? excerpt(value) : `'${name}'`;
    context.unsupported(`the activation ${given}`, `the activations ${activationNames.join(', ')}`);
    return (_call, x) => x;
  }
  return (call, x) => activate(call, canonical, x, context.kerasVersion);
}

/** Emits an activation by its canonical name and records softmax and sigmoid, which may have to be split off. */
export function activate(call: LayerCall, name: string, x: Value, kerasVersion: number): Value {
  const y = formulas[name]!(call.builder, x, kerasVersion);
  if (name === 'softmax' || name === 'sigmoid') call.activated.set(y, { activation: name, logits: x });
  return y;
}

function nameOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'linear';
  if (typeof value === 'string') return value;
  const { class_name: className, config } = value as JsonObject;
  // Keras 3 writes {"class_name": "function", "config": "relu"}.
  if (className === 'function' && typeof config === 'string') return config;
  return typeof className === 'string' && Object.keys(config ?? {}).length === 0 ? className : undefined;
}

/** 'hardSigmoid' and 'hard_sigmoid' are the same name. */
function squeezed(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

function lastAxis(b: ProgramBuilder, x: Value): number[] {
  return [b.shape(x).length - 1];
}
