import type { ProgramBuilder, Value } from '@ntk/tensor';
import type { LinearRule } from './rule.ts';

/** Applies an operation on images [n, …] to k right-hand sides [k, n, …], as k·n images. */
export function onImages(b: ProgramBuilder, x: Value, apply: (images: Value) => Value): Value {
  const [k, n, ...image] = b.shape(x);
  const result = apply(b.reshape(x, [k! * n!, ...image]));
  return b.reshape(result, [k!, n!, ...b.shape(result).slice(1)]);
}

/** Laying windows out is linear; its transpose adds them up. */
export const patchesRule: LinearRule<'patches'> = {
  coefficients: () => [],
  tangent: (b, { attributes }, [t]) => onImages(b, t!, (images) => b.patches(images, attributes)),
  cotangent: (b, { attributes, operandShapes: [from] }, g) => [
    onImages(b, g, (windows) => b.fold(windows, { ...attributes, size: from!.slice(1, 3) })),
  ],
};

/** Adding windows up is linear; its transpose lays them out. */
export const foldRule: LinearRule<'fold'> = {
  coefficients: () => [],
  tangent: (b, { attributes }, [t]) => onImages(b, t!, (windows) => b.fold(windows, attributes)),
  cotangent: (b, { attributes }, g) => [onImages(b, g, (images) => b.patches(images, attributes))],
};
