import { formatShape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from './tfjs-module.ts';

/**
 * The same TensorFlow.js with products that are right on wasm.
 *
 * The engine packs the second factor of a product once and finds it again by the identity of its data, whatever its shape is by then: the
 * same numbers as [12, 1] and as [1, 12] give garbage in the second product (4.22). Here data that come in another shape are copied.
 */
export function withSafeProducts(tf: TfjsModule): TfjsModule {
  const packed = new WeakMap<object, string>();
  return {
    ...tf,
    matMul: (a: NativeTensor, b: NativeTensor): NativeTensor => {
      const shape = formatShape(b.shape);
      const known = packed.get(b.dataId);
      if (known === undefined) packed.set(b.dataId, shape);
      if (known === undefined || known === shape) return tf.matMul(a, b);
      const copy = tf.mul(b, 1);
      const product = tf.matMul(a, copy);
      copy.dispose();
      return product;
    },
  };
}
