import { sameShape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';

/** The same elements in another shape; free of charge in most engines. */
export function view(tf: TfjsModule, x: NativeTensor, shape: readonly number[]): NativeTensor {
  return sameShape(x.shape, shape) ? x : tf.reshape(x, [...shape]);
}
