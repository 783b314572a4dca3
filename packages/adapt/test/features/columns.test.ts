import { columnNamed, expandNames, makeTable } from '@ntk/adapt';
import { expect, test } from 'vitest';

const table = makeTable({
  source: 'weather.csv',
  columns: ['date', 'temp_max', 'temp_min', 'a,b'].map((name) => ({ name, cells: ['1', '2'] })),
  groups: [{ name: 'temps', columns: ['temp_max', 'temp_min'], rowShape: [2] }],
});

test('names expand: a column, a group, a list of them, a name with a comma', () => {
  expect(expandNames(table, ['temp_min'])).toEqual(['temp_min']);
  expect(expandNames(table, ['date, temps'])).toEqual(['date', 'temp_max', 'temp_min']);
  expect(expandNames(table, ['a,b', 'date'])).toEqual(['a,b', 'date']);
});

test.each([
  [
    ['temp_mx'],
    /weather\.csv: there is no column 'temp_mx' \(did you mean 'temp_max'\?\); its columns are date, temp_max/,
  ],
  [['TEMP_MAX'], /did you mean 'temp_max'/],
  [['snow'], /there is no column 'snow'; its columns/],
  [['x'], /there is no column 'x'; its columns/],
  [['date,date'], /column 'date' is named twice/],
])('names %j are refused', (entries, message) => {
  expect(() => expandNames(table, entries)).toThrow(message);
});

test('an absent column is an OptionError', () => {
  expect(() => columnNamed(table, 'x')).toThrow(expect.objectContaining({ name: 'OptionError' }) as Error);
});

test.each([
  [
    'a duplicate',
    [
      { name: 'a', cells: [1] },
      { name: 'a', cells: [1] },
    ],
    /t: two columns are called 'a' \(columns 1 and 2\)/,
  ],
  ['no columns', [], /no columns/],
  ['no rows', [{ name: 'a', cells: [] }], /t: the table has no rows \(its columns are a\)/],
  [
    'unequal',
    [
      { name: 'a', cells: [1] },
      { name: 'b', cells: [1, 2] },
    ],
    /column 'a' has 1 rows and column 'b' has 2/,
  ],
])('a table refuses: %s', (_, columns, message) => {
  expect(() => makeTable({ source: 't', columns })).toThrow(message);
});
