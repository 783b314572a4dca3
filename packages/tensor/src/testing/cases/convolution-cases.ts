import { positionsOf, type Sliding, type Window } from '../../primitives/window.ts';
import type { Shape } from '../../shape.ts';
import { primitiveCase, type PrimitiveCase } from './primitive-case.ts';

/** Images and the filter that is moved over them. */
interface Convolution {
  /** [n, rows, columns, channels] */
  readonly images: Shape;
  readonly kernel: readonly [number, number];
  /** Channels written. */
  readonly written: number;
  readonly sliding?: Partial<Sliding>;
  readonly groups?: number;
}

/**
 * Padding of Keras' mode 'same': as much as gives ⌈size / stride⌉ positions, the odd one at the end.
 */
function same(size: number, kernel: number, stride: number, dilation: number): [before: number, after: number] {
  const reach = dilation * (kernel - 1) + 1;
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/** Every stride × dilation × size × kernel × padding × groups, two channels to three, or to four in two groups. */
const GRID: readonly Convolution[] = [1, 2, 3].flatMap((stride) =>
  [1, 2].flatMap((dilation) =>
    [
      [5, 6],
      [6, 5],
    ].flatMap(([height, width]) =>
      (
        [
          [3, 2],
          [2, 3],
        ] as const
      ).flatMap((kernel) =>
        ['valid', 'same'].flatMap((padding): Convolution[] => {
          const along = (size: number, extent: number): [number, number] =>
            padding === 'valid' ? [0, 0] : same(size, extent, stride, dilation);
          const pads = [...along(height!, kernel[0]), ...along(width!, kernel[1])];
          const sliding = { strides: [stride, stride], pads, dilations: [dilation, dilation] };
          // Nothing to pad: the case is there already.
          if (padding === 'same' && !pads.some((pad) => pad > 0)) return [];
          const images = [2, height!, width!, 2];
          return [
            { images, kernel, written: 3, sliding },
            { images, kernel, written: 4, sliding, groups: 2 },
          ];
        }),
      ),
    ),
  ),
);

const SINGLE: readonly Convolution[] = [
  { images: [1, 1, 1, 1], kernel: [1, 1], written: 1 },
  { images: [3, 4, 5, 2], kernel: [1, 1], written: 3 },
  { images: [2, 5, 6, 2], kernel: [1, 1], written: 3, sliding: { strides: [2, 2] } },
  { images: [2, 4, 4, 1], kernel: [4, 4], written: 2 },
  // More padding than the window is wide: some windows lie in it altogether.
  { images: [1, 2, 3, 1], kernel: [2, 2], written: 1, sliding: { pads: [3, 0, 1, 4] } },
  // Along the columns all of them do.
  { images: [1, 3, 1, 2], kernel: [2, 2], written: 2, sliding: { pads: [1, 1, 7, 0], strides: [1, 4] } },
  { images: [1, 1, 2, 1], kernel: [1, 1], written: 2, sliding: { pads: [3, 0, 4, 1], strides: [4, 3] } },
  { images: [1, 3, 3, 2], kernel: [3, 3], written: 2, sliding: { pads: [0, 2, 1, 0], strides: [2, 1] } },
  // Strides that pass over pixels, and over the last ones.
  { images: [2, 7, 8, 1], kernel: [1, 2], written: 2, sliding: { strides: [3, 4] } },
  { images: [1, 1, 9, 3], kernel: [1, 3], written: 2, sliding: { dilations: [1, 3], pads: [0, 0, 2, 2] } },
  {
    images: [1, 6, 6, 2],
    kernel: [3, 2],
    written: 2,
    sliding: { strides: [1, 2], dilations: [2, 3], pads: [2, 2, 1, 2] },
  },
  { images: [2, 5, 4, 4], kernel: [3, 3], written: 6, groups: 2, sliding: { pads: [1, 1, 1, 1] } },
  { images: [2, 5, 4, 4], kernel: [3, 2], written: 6, groups: 2, sliding: { strides: [2, 2], pads: [0, 1, 1, 1] } },
  { images: [2, 5, 4, 3], kernel: [3, 3], written: 3, groups: 3, sliding: { pads: [1, 1, 1, 1] } },
  { images: [2, 6, 5, 3], kernel: [3, 3], written: 6, groups: 3, sliding: { strides: [2, 2], pads: [0, 1, 1, 1] } },
  { images: [1, 6, 6, 2], kernel: [2, 2], written: 4, groups: 2, sliding: { dilations: [2, 2] } },
  // Larger than a native kernel's blocks, and no multiple of them.
  { images: [2, 6, 7, 17], kernel: [2, 2], written: 19, sliding: { pads: [1, 0, 0, 1] } },
  { images: [0, 3, 3, 1], kernel: [2, 2], written: 2 },
];

/** Convolutions, their adjoints, and the layout of windows, over stride × dilation × even and odd sizes × asymmetric padding × groups. */
export const convolutionCases: readonly PrimitiveCase[] = [...GRID, ...SINGLE].flatMap(casesOf);

function casesOf({ images, kernel, written, sliding = {}, groups = 1 }: Convolution): PrimitiveCase[] {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] } = sliding;
  const moves = { strides, pads, dilations };
  const window: Window = { ...moves, kernel };
  const [n, , , channels] = images as [number, number, number, number];
  const size = images.slice(1, 3);
  const positions = positionsOf('case', size, window);
  const filter = [...kernel, channels / groups, written];
  const convolved = [
    primitiveCase('conv2d', [images, filter], { ...moves, groups }),
    primitiveCase('conv2dTranspose', [[n, ...positions, written], filter], { ...moves, groups, size }),
  ];
  if (groups > 1) return convolved;
  return [
    ...convolved,
    primitiveCase('patches', [images], window),
    primitiveCase('fold', [[n, ...positions, kernel[0] * kernel[1] * channels]], { ...window, size }),
  ];
}
