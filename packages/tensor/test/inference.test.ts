import { describe, expect, it } from 'vitest';
import { ProgramBuilder, type Shape, type Value } from '@ntk/tensor';

/** Emits one operation on inputs of the given shapes and returns the shape inferred for it. */
function infer(shapes: readonly Shape[], emit: (b: ProgramBuilder) => Value): Shape {
  const b = new ProgramBuilder('infer');
  shapes.forEach((shape, i) => b.input(`x${i}`, shape));
  return b.shape(emit(b));
}

describe('shape inference', () => {
  it('of elementwise primitives broadcasts', () => {
    expect(infer([[2, 1], [3]], (b) => b.add(0, 1))).toEqual([2, 3]);
    expect(infer([[2, 1], [3], [4, 1, 1]], (b) => b.where(0, 1, 2))).toEqual([4, 2, 3]);
    expect(infer([[2, 3]], (b) => b.neg(0))).toEqual([2, 3]);
    expect(() => infer([[2], [3]], (b) => b.mul(0, 1))).toThrow(/broadcast/);
  });

  it('of matmul reads the flags and broadcasts leading axes', () => {
    expect(
      infer(
        [
          [2, 3],
          [3, 4],
        ],
        (b) => b.matmul(0, 1),
      ),
    ).toEqual([2, 4]);
    expect(
      infer(
        [
          [3, 2],
          [4, 3],
        ],
        (b) => b.matmul(0, 1, { transposeA: true, transposeB: true }),
      ),
    ).toEqual([2, 4]);
    expect(
      infer(
        [
          [5, 1, 2, 3],
          [7, 3, 4],
        ],
        (b) => b.matmul(0, 1),
      ),
    ).toEqual([5, 7, 2, 4]);
    expect(() => infer([[3], [3, 4]], (b) => b.matmul(0, 1))).toThrow(/at least two axes each/);
    expect(() =>
      infer(
        [
          [2, 3],
          [4, 3],
        ],
        (b) => b.matmul(0, 1),
      ),
    ).toThrow(/not 3 and 4/);
    expect(() =>
      infer(
        [
          [2, 3, 3],
          [4, 3, 3],
        ],
        (b) => b.matmul(0, 1),
      ),
    ).toThrow(/broadcast/);
  });

  it('of reductions drops axes', () => {
    expect(infer([[2, 3, 4]], (b) => b.sum(0, [0, 2]))).toEqual([3]);
    expect(infer([[2, 3]], (b) => b.max(0, [0, 1]))).toEqual([]);
    expect(() => infer([[2, 3]], (b) => b.sum(0, [2]))).toThrow(/sum: got axis 2/);
    expect(() => infer([[2, 3]], (b) => b.sum(0, [-1]))).toThrow(/sum: got axis -1/);
    expect(() => infer([[2, 3]], (b) => b.sum(0, [1, 1]))).toThrow(/each at most once/);
  });

  it('of reshape fills -1', () => {
    expect(infer([[2, 6]], (b) => b.reshape(0, [3, -1]))).toEqual([3, 4]);
    expect(infer([[1]], (b) => b.reshape(0, []))).toEqual([]);
    expect(infer([[0, 3]], (b) => b.reshape(0, [3, 0]))).toEqual([3, 0]);
    expect(() => infer([[6]], (b) => b.reshape(0, [4]))).toThrow(/same number of elements/);
    expect(() => infer([[6]], (b) => b.reshape(0, [4, -1]))).toThrow(/divide 6/);
    expect(() => infer([[6]], (b) => b.reshape(0, [-1, -1]))).toThrow(/reshape/);
    expect(() => infer([[0]], (b) => b.reshape(0, [0, -1]))).toThrow(/divide 0/);
    // Negative and broken extents once passed where their product happened to fit.
    expect(() => infer([[6]], (b) => b.reshape(0, [-2, -3]))).toThrow(/reshape/);
    expect(() => infer([[4]], (b) => b.reshape(0, [-2, -1]))).toThrow(/reshape/);
    expect(() => infer([[5]], (b) => b.reshape(0, [2.5, -1]))).toThrow(/reshape/);
  });

  it('of transpose permutes', () => {
    expect(infer([[2, 3, 4]], (b) => b.transpose(0, [2, 0, 1]))).toEqual([4, 2, 3]);
    expect(() => infer([[2, 3]], (b) => b.transpose(0, [1, 1]))).toThrow(/each of its axes once/);
    expect(() => infer([[2, 3]], (b) => b.transpose(0, [1, 2]))).toThrow(/each of its axes once/);
    // A permutation of too few axes once counted as the identity.
    expect(() => infer([[2, 3]], (b) => b.transpose(0, [0]))).toThrow(/each of its axes once/);
    expect(() => infer([[2, 3]], (b) => b.transpose(0, []))).toThrow(/each of its axes once/);
  });

  it('of broadcastTo stretches extents of 1', () => {
    expect(infer([[3]], (b) => b.broadcastTo(0, [2, 3]))).toEqual([2, 3]);
    expect(infer([[4, 1]], (b) => b.broadcastTo(0, [-1, 3]))).toEqual([4, 3]);
    expect(infer([[]], (b) => b.broadcastTo(0, [2, 2]))).toEqual([2, 2]);
    expect(() => infer([[2]], (b) => b.broadcastTo(0, [3]))).toThrow(/broadcast/);
    expect(() => infer([[2, 1]], (b) => b.broadcastTo(0, [1]))).toThrow(/broadcastTo/);
    expect(() => infer([[1]], (b) => b.broadcastTo(0, [-2]))).toThrow(/broadcastTo/);
  });

  it('of concat adds along one axis', () => {
    expect(
      infer(
        [
          [2, 3],
          [2, 1],
          [2, 0],
        ],
        (b) => b.concat([0, 1, 2], 1),
      ),
    ).toEqual([2, 4]);
    expect(() =>
      infer(
        [
          [2, 3],
          [3, 3],
        ],
        (b) => b.concat([0, 1], 1),
      ),
    ).toThrow(/differ at most along axis 1/);
    expect(() => infer([[2, 3], [2]], (b) => b.concat([0, 1], 0))).toThrow(/differ at most/);
    expect(() => infer([[], []], (b) => b.concat([0, 1], 0))).toThrow(/concat: got axis 0/);
  });

  it('of slice counts steps', () => {
    expect(infer([[7]], (b) => b.slice(0, 0, {}))).toEqual([7]);
    expect(infer([[7]], (b) => b.slice(0, 0, { start: 1, end: 6, step: 2 }))).toEqual([3]);
    expect(infer([[7]], (b) => b.slice(0, 0, { start: 1, step: 3 }))).toEqual([2]);
    expect(infer([[7]], (b) => b.slice(0, 0, { start: 3, end: 3 }))).toEqual([0]);
    expect(() => infer([[7]], (b) => b.slice(0, 0, { end: 8 }))).toThrow(/end ≤ 7/);
    expect(() => infer([[7]], (b) => b.slice(0, 0, { start: 4, end: 2 }))).toThrow(/slice/);
    expect(() => infer([[7]], (b) => b.slice(0, 0, { start: -1 }))).toThrow(/slice/);
    expect(() => infer([[7]], (b) => b.slice(0, 0, { step: 0 }))).toThrow(/step ≥ 1/);
    expect(() => infer([[7]], (b) => b.slice(0, 1, {}))).toThrow(/slice: got axis 1/);
  });

  it('of pad adds before, after and between', () => {
    expect(infer([[3, 2]], (b) => b.pad(0, 0, { before: 1, after: 2 }))).toEqual([6, 2]);
    expect(infer([[3]], (b) => b.pad(0, 0, { step: 3 }))).toEqual([7]);
    expect(infer([[0]], (b) => b.pad(0, 0, { before: 1, step: 3 }))).toEqual([1]);
    expect(() => infer([[3]], (b) => b.pad(0, 0, { before: -1 }))).toThrow(/pad/);
    expect(() => infer([[3]], (b) => b.pad(0, 0, { after: 0.5 }))).toThrow(/pad/);
    expect(() => infer([[3]], (b) => b.pad(0, 0, { step: 0 }))).toThrow(/pad/);
    expect(() => infer([[3]], (b) => b.pad(0, 2, {}))).toThrow(/pad: got axis 2/);
  });

  it('of convolutions counts positions', () => {
    const images = [2, 7, 8, 4];
    const filter = [3, 2, 2, 6];
    const options = { strides: [2, 3], pads: [1, 0, 0, 2], dilations: [2, 1], groups: 2 };
    expect(infer([images, filter], (b) => b.conv2d(0, 1, options))).toEqual([2, 2, 3, 6]);
    expect(infer([[2, 2, 3, 6], filter], (b) => b.conv2dTranspose(0, 1, { ...options, size: [7, 8] }))).toEqual(images);
    // Another size that gives as many positions.
    expect(infer([[2, 2, 3, 6], filter], (b) => b.conv2dTranspose(0, 1, { ...options, size: [6, 6] }))).toEqual([
      2, 6, 6, 4,
    ]);
    expect(infer([images], (b) => b.patches(0, { kernel: [3, 2], strides: [2, 3] }))).toEqual([2, 3, 3, 24]);
    expect(infer([[2, 3, 3, 24]], (b) => b.fold(0, { kernel: [3, 2], strides: [2, 3], size: [7, 8] }))).toEqual(images);
    expect(() => infer([images, filter], (b) => b.conv2d(0, 1))).toThrow(/got 4 channels .* expected the filter's 2/);
    expect(() => infer([images, filter], (b) => b.conv2d(0, 1, { groups: 4 }))).toThrow(/4 groups, expected/);
    expect(() => infer([[7, 8, 4], filter], (b) => b.conv2d(0, 1))).toThrow(/expected \[n, rows, columns, channels\]/);
    expect(() => infer([[2, 2, 8, 2], filter], (b) => b.conv2d(0, 1))).toThrow(/expected at least the window/);
    expect(() => infer([images], (b) => b.patches(0, { kernel: [3, 2], strides: [0, 1] }))).toThrow(/integers ≥ 1/);
    expect(() => infer([images], (b) => b.patches(0, { kernel: [3, 2], pads: [1, 1] }))).toThrow(/four pads/);
    expect(() => infer([[2, 2, 3, 6], filter], (b) => b.conv2dTranspose(0, 1, { ...options, size: [9, 9] }))).toThrow(
      /got \[2, 3\] positions, expected \[3, 4\]/,
    );
    expect(() => infer([[2, 3, 3, 23]], (b) => b.fold(0, { kernel: [3, 2], strides: [2, 3], size: [7, 8] }))).toThrow(
      /expected a multiple of 6/,
    );
  });

  it('names the class of an error', () => {
    for (const [emit, name] of [
      [(b: ProgramBuilder) => b.add(0, 1), 'ShapeError'],
      [(b: ProgramBuilder) => b.sum(0, [5]), 'ProgramError'],
    ] as const) {
      expect(() => infer([[2], [3]], emit)).toThrow(expect.objectContaining({ name }) as Error);
    }
  });
});
