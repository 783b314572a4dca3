import { sizeOf, type Shape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { permute } from './permute.ts';
import { multiply } from './product.ts';
import type { Operand, Rule } from './rule.ts';

/**
 * Leading axes that one operand alone has become rows or columns of one larger product, so that k right-hand sides and all examples
 * are multiplied at once. Transposition is explicit: the flags of `matMul` are ten times slower on wasm.
 */
export const matmul: Rule<'matmul'> = (tf, [a, b], { attributes: { transposeA, transposeB }, shape }) => {
  const inner = a!.shape.at(transposeA ? -2 : -1)!;
  if (inner === 0) return tf.fill([...shape], 0, 'float32');
  const leading = shape.slice(0, -2);
  const { shared, onlyA, onlyB } = sortAxes(leading, a!.shape, b!.shape);
  const [first, second] = [leading.length, leading.length + 1];
  const matrixA = transposeA ? [second, first] : [first, second];
  const [innerB, columnsB] = transposeB ? [second, first] : [first, second];
  const left = arrange(tf, a!, [...shared, ...onlyA, ...matrixA]);
  const right = arrange(tf, b!, [...shared, innerB, ...onlyB, columnsB]);
  const extentOf = (axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]!));
  const product = multiply(tf, left, right, {
    count: extentOf(shared),
    rows: extentOf([...onlyA, first]),
    inner,
    columns: extentOf([...onlyB, second]),
  });
  const laid = [...shared, ...onlyA, first, ...onlyB, second];
  const extents = laid.map((axis) => shape[axis]!);
  return permute(
    tf,
    product,
    extents,
    shape.map((_, axis) => laid.indexOf(axis)),
  );
};

/** The leading axes of a product, by which operand has them. */
function sortAxes(leading: Shape, a: Shape, b: Shape): Record<'shared' | 'onlyA' | 'onlyB', number[]> {
  const batch: Record<'shared' | 'onlyA' | 'onlyB', number[]> = { shared: [], onlyA: [], onlyB: [] };
  const has = (shape: Shape, axis: number): boolean =>
    (shape[axis - leading.length + shape.length - 2] ?? 1) === leading[axis];
  leading.forEach((_, axis) => {
    const kind = !has(a, axis) ? 'onlyB' : has(b, axis) ? 'shared' : 'onlyA';
    batch[kind].push(axis);
  });
  return batch;
}

/** The elements of an operand with its axes in `order`, counted as those of the product; it has one entry along axes left out. */
function arrange(tf: TfjsModule, { native, shape }: Operand, order: readonly number[]): NativeTensor {
  const rank = Math.max(...order) + 1;
  const padded = [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const left = padded.map((_, axis) => axis).filter((axis) => !order.includes(axis));
  return permute(tf, native, padded, [...left, ...order]);
}
