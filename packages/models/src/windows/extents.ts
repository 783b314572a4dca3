import type { Shape } from '@ntk/tensor';

/** Rows and columns of images [n, rows, columns, channels]. */
export function sizeOfImages(shape: Shape): [rows: number, columns: number] {
  return [shape[1]!, shape[2]!];
}

/** How far a window reaches along one axis. */
export function reachOf(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}

/** What a window is and how it moves, without its padding; pairs are [vertical, horizontal]. */
export interface Steps {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
}

/**
 * Padding that gives ⌈size / stride⌉ positions, the odd zero at the end: what TensorFlow calls 'same'.
 *
 * @returns [top, bottom, left, right]
 */
export function samePads(size: readonly number[], { kernel, strides, dilations }: Steps): number[] {
  return [0, 1].flatMap((axis) => {
    const positions = Math.ceil(size[axis]! / strides[axis]!);
    const covered = (positions - 1) * strides[axis]! + reachOf(kernel[axis]!, dilations[axis]!);
    const total = Math.max(0, covered - size[axis]!);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  });
}
