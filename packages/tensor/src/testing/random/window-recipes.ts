import type { ProgramBuilder } from '../../builder.ts';
import type { Primitive } from '../../primitives/attributes.ts';
import type { Value } from '../../program.ts';
import { sizeOf } from '../../shape.ts';
import type { Recipe } from './recipe.ts';

/** Any value as images: its first axis stays, which may hold examples. */
function asImages(b: ProgramBuilder, x: Value): Value {
  const [n = 1, rows = 1, ...rest] = b.shape(x);
  return b.reshape(x, [n, rows, sizeOf(rest), 1]);
}

/** A filter or window of two rows and columns, that reaches over the border. */
const WINDOW = { kernel: [2, 2], pads: [1, 0, 0, 1] };

function filter(b: ProgramBuilder, choice: number): Value {
  const values = Array.from({ length: 8 }, (_, i) => (((choice + 3 * i) % 17) - 8) / 8);
  return b.constant(values, [2, 2, 1, 2]);
}

function windowed(
  op: Primitive,
  needs: readonly Primitive[],
  growth: number,
  make: (b: ProgramBuilder, images: Value, choice: number) => Value,
): Recipe {
  return {
    needs: [op, 'reshape', ...needs],
    apply: ({ b, a, choice }) => ({
      value: make(b, asImages(b, a.value), choice),
      bound: a.bound * growth,
      exact: growth === 1 && a.exact,
    }),
  };
}

/** Convolutions and the layout of windows. */
export const WINDOW_RECIPES: readonly Recipe[] = [
  windowed('conv2d', ['constant'], 4, (b, x, choice) => {
    return b.conv2d(x, filter(b, choice), { pads: WINDOW.pads, strides: [1 + (choice % 2), 1] });
  }),
  windowed('conv2dTranspose', ['constant', 'concat'], 8, (b, x, choice) => {
    const size = b.shape(x).slice(1, 3);
    return b.conv2dTranspose(b.concat([x, x], 3), filter(b, choice), { pads: WINDOW.pads, size });
  }),
  windowed('patches', [], 1, (b, x, choice) => b.patches(x, { ...WINDOW, strides: [1, 1 + (choice % 2)] })),
  windowed('fold', ['concat'], 4, (b, x) => {
    return b.fold(b.concat([x, x, x, x], 3), { ...WINDOW, size: b.shape(x).slice(1, 3) });
  }),
];
