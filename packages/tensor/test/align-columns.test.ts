import { alignColumns } from '@ntk/tensor';
import { expect, it } from 'vitest';

it('sets columns as wide as their widest cell, to the left or to the right, without blanks at the end', () => {
  const rows = [
    ['layer', 'bytes', ''],
    ['a', '10', 'large'],
    ['longer', '1000000', ''],
  ];
  expect(alignColumns(rows, [1])).toEqual(['layer     bytes', 'a            10  large', 'longer  1000000']);
  expect(alignColumns([], [])).toEqual([]);
});
