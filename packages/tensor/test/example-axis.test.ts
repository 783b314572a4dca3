import { describe, expect, it } from 'vitest';
import { exampleAxes, ProgramBuilder, type Shape, type Value } from '@ntk/tensor';

type Input = readonly [shape: Shape, exampleAxis?: number];
type Emit = (b: ProgramBuilder) => Value;

/** The example axis of one operation's result. */
function axisOf(inputs: readonly Input[], emit: Emit): number | null {
  const b = new ProgramBuilder('axes');
  inputs.forEach(([shape, exampleAxis], i) => b.input(`x${i}`, shape, { exampleAxis: exampleAxis ?? null }));
  b.output('y', emit(b));
  const program = b.build();
  return exampleAxes(program)[program.outputs[0]!.value]!;
}

const legal: readonly [name: string, inputs: readonly Input[], emit: Emit, axis: number | null][] = [
  ['unary keeps it', [[[3, 2], 0]], (b) => b.neg(0), 0],
  ['constants have none', [[[3, 2], 0]], (b) => b.scalar(1), null],
  ['what depends on parameters alone has none', [[[3, 2], 0], [[2]]], (b) => b.neg(1), null],
  ['binary with a parameter', [[[3, 2], 0], [[2]]], (b) => b.add(0, 1), 0],
  [
    'binary aligned from the end',
    [
      [[3, 2], 0],
      [[4, 3, 2], 1],
    ],
    (b) => b.add(0, 1),
    1,
  ],
  ['binary with an extent of 1 along it', [[[3, 2], 0], [[1, 2]]], (b) => b.mul(0, 1), 0],
  ['where', [[[3, 1], 0], [[2]], [[3, 2], 0]], (b) => b.where(0, 1, 2), 0],
  ['sum of another axis', [[[4, 3, 2], 1]], (b) => b.sum(0, [0]), 0],
  ['max of axes on both sides', [[[4, 3, 2], 1]], (b) => b.max(0, [0, 2]), 0],
  ['transpose moves it', [[[3, 2, 4], 0]], (b) => b.transpose(0, [1, 2, 0]), 2],
  ['reshape of other axes', [[[3, 2, 4], 0]], (b) => b.reshape(0, [-1, 8]), 0],
  ['reshape that splits before it', [[[4, 3], 1]], (b) => b.reshape(0, [2, 2, 3]), 2],
  ['reshape of one example, -1 first', [[[1, 4], 0]], (b) => b.reshape(0, [-1, 1, 4]), 0],
  ['reshape of one example, -1 second', [[[1, 4], 0]], (b) => b.reshape(0, [1, -1, 4]), 1],
  ['broadcastTo of another axis', [[[3, 1], 0]], (b) => b.broadcastTo(0, [2, -1, 5]), 1],
  ['broadcastTo of a parameter', [[[3, 1], 0], [[2]]], (b) => b.broadcastTo(1, [5, 2]), null],
  [
    'concat along another axis',
    [
      [[3, 1], 0],
      [[3, 2], 0],
    ],
    (b) => b.concat([0, 1], 1),
    0,
  ],
  ['concat of parameters', [[[3, 1], 0], [[2]]], (b) => b.concat([1, 1], 0), null],
  ['slice of another axis', [[[3, 4], 0]], (b) => b.slice(0, 1, { start: 1 }), 0],
  ['pad of another axis', [[[3, 4], 0]], (b) => b.pad(0, 1, { before: 1 }), 0],
  ['conv2d of examples', [[[3, 4, 4, 2], 0], [[2, 2, 2, 5]]], (b) => b.conv2d(0, 1), 0],
  ['conv2d of parameters', [[[1, 4, 4, 2]], [[2, 2, 2, 5]], [[3], 0]], (b) => b.conv2d(0, 1), null],
  [
    'conv2dTranspose of examples',
    [[[3, 3, 3, 5], 0], [[2, 2, 2, 5]]],
    (b) => b.conv2dTranspose(0, 1, { size: [4, 4] }),
    0,
  ],
  ['patches', [[[3, 4, 4, 2], 0]], (b) => b.patches(0, { kernel: [2, 2] }), 0],
  ['fold', [[[3, 3, 3, 8], 0]], (b) => b.fold(0, { kernel: [2, 2], size: [4, 4] }), 0],
  ['matmul with rows of examples', [[[3, 2], 0], [[2, 4]]], (b) => b.matmul(0, 1), 0],
  ['matmul with rows of examples, transposed', [[[2, 3], 1], [[2, 4]]], (b) => b.matmul(0, 1, { transposeA: true }), 0],
  ['matmul with columns of examples', [[[4, 2]], [[2, 3], 1]], (b) => b.matmul(0, 1), 1],
  [
    'matmul with columns of examples, transposed',
    [[[4, 2]], [[3, 2], 0]],
    (b) => b.matmul(0, 1, { transposeB: true }),
    1,
  ],
  [
    'matmul of examples in the batch',
    [
      [[3, 5, 2], 0],
      [[3, 2, 4], 0],
    ],
    (b) => b.matmul(0, 1),
    0,
  ],
  ['matmul of examples in the batch of one operand', [[[3, 5, 2], 0], [[2, 4]]], (b) => b.matmul(0, 1), 0],
  ['matmul with a batch of right-hand sides', [[[3, 2], 0], [[7, 2, 4]]], (b) => b.matmul(0, 1), 1],
  ['matmul with free rows in a batch', [[[7, 3, 2], 1], [[2, 4]]], (b) => b.matmul(0, 1), 1],
];

const mixing: readonly [name: string, inputs: readonly Input[], emit: Emit, message: RegExp][] = [
  [
    'a binary of different axes',
    [
      [[3, 3], 0],
      [[3, 3], 1],
    ],
    (b) => b.add(0, 1),
    /expected the same axis/,
  ],
  ['a parameter that varies by example', [[[3, 2], 0], [[3, 1]]], (b) => b.add(0, 1), /operand 1 has no example axis/],
  [
    'a constant that varies by example',
    [[[3, 1], 0]],
    (b) => b.add(0, b.constant([1, 2, 3], [3, 1])),
    /no example axis/,
  ],
  [
    'a where of different axes',
    [
      [[3, 3], 0],
      [[3, 3], 1],
    ],
    (b) => b.where(0, 1, 1),
    /expected the same axis/,
  ],
  ['sum over examples', [[[3, 2], 0]], (b) => b.sum(0, [0]), /sum: axis 0 holds examples/],
  ['max over examples', [[[3, 2], 0]], (b) => b.max(0, [0, 1]), /max: axis 0 holds examples/],
  ['reshape that merges examples', [[[3, 2], 0]], (b) => b.reshape(0, [6]), /merges or splits axis 0/],
  ['reshape that interleaves examples', [[[3, 2], 0]], (b) => b.reshape(0, [2, 3]), /merges or splits axis 0/],
  ['concat of examples', [[[3, 2], 0]], (b) => b.concat([0, 0], 0), /would mix/],
  ['concat with a parameter', [[[3, 2], 0], [[3, 2]]], (b) => b.concat([0, 1], 1), /only some do/],
  ['slice of examples', [[[3, 2], 0]], (b) => b.slice(0, 0, { start: 1 }), /must all be kept/],
  ['pad of examples', [[[3, 2], 0]], (b) => b.pad(0, 0, { before: 1 }), /padding would add some/],
  ['matmul over examples', [[[2, 3], 1], [[3, 4]]], (b) => b.matmul(0, 1), /inner axis holds examples/],
  [
    'matmul over examples of both',
    [
      [[3, 2], 0],
      [[3, 4], 0],
    ],
    (b) => b.matmul(0, 1, { transposeA: true }),
    /inner axis/,
  ],
  [
    'matmul of all pairs',
    [
      [[3, 2], 0],
      [[3, 2], 0],
    ],
    (b) => b.matmul(0, 1, { transposeB: true }),
    /pair all with all/,
  ],
  [
    'matmul of a batch with rows',
    [
      [[3, 5, 2], 0],
      [[2, 3], 1],
    ],
    (b) => b.matmul(0, 1),
    /pair all with all/,
  ],
  ['matmul with a batch of parameters', [[[3, 5, 2], 0], [[3, 2, 4]]], (b) => b.matmul(0, 1), /no example axis/],
  ['conv2d over examples', [[[4, 3, 4, 2], 1], [[2, 2, 2, 5]]], (b) => b.conv2d(0, 1), /axis 1 holds examples/],
  [
    'conv2d with a filter for each example',
    [
      [[3, 4, 4, 2], 0],
      [[2, 2, 2, 3], 3],
    ],
    (b) => b.conv2d(0, 1),
    /filter holds examples/,
  ],
  ['patches of examples', [[[1, 4, 4, 3], 3]], (b) => b.patches(0, { kernel: [2, 2] }), /axis 3 holds examples/],
  // One example that becomes several belongs to none of them.
  ['broadcastTo of the examples', [[[1, 2], 0]], (b) => b.broadcastTo(0, [3, 2]), /makes 3 examples of 1/],
  [
    'inputs that disagree',
    [
      [[1, 2], 0],
      [[3, 2], 0],
    ],
    (b) => b.add(0, 1),
    /1, 3 examples/,
  ],
];

describe('exampleAxes', () => {
  it.each(legal)('%s', (_name, inputs, emit, axis) => {
    expect(axisOf(inputs, emit)).toBe(axis);
  });

  it.each(mixing)('refuses %s', (_name, inputs, emit, message) => {
    expect(() => axisOf(inputs, emit)).toThrow(message);
    expect(() => axisOf(inputs, emit)).toThrow(expect.objectContaining({ name: 'ProgramError' }) as Error);
  });

  it('covers every value, inputs first', () => {
    const b = new ProgramBuilder('axes');
    const x = b.input('x', [3, 2], { exampleAxis: 0 });
    const w = b.input('w', [2, 4]);
    b.output('y', b.transpose(b.matmul(x, w), [1, 0]));
    expect(exampleAxes(b.build())).toEqual([0, null, 0, 1]);
  });
});
