import { selectParameters, trainableLayers } from '@ntk/jacobian';
import { Rng } from '@ntk/tensor';
import { expect, test } from 'vitest';
import { customNetwork } from './networks.ts';

// Converters of old Keras files sort weights by name: the last of them need not belong to the last layer.
const network = customNetwork(
  [3],
  { a_head: [4, 2], b_hidden: [5, 4], c_unused: [2], d_first: [3, 5] },
  (b, x, { a_head, b_hidden, d_first }) => {
    const h = b.unary('tanh', b.matmul(x, d_first!));
    return b.matmul(b.unary('tanh', b.matmul(h, b_hidden!)), a_head!);
  },
  new Rng(1),
);

test('layers are counted in the order in which the network uses them; what it does not use comes first', () => {
  expect(trainableLayers(network)).toEqual(['c_unused', 'd_first', 'b_hidden', 'a_head']);
  expect(selectParameters(network, 'last')).toEqual([0]);
  expect(selectParameters(network, { top: 2 })).toEqual([0, 1]);
  expect(selectParameters(network, 'all')).toEqual([0, 1, 2, 3]);
});
