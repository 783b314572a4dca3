import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../src/tables/csv.ts';
import { encodeTable } from '../../src/tables/write-table.ts';

const read = (content: string | Uint8Array) =>
  parseCsv(typeof content === 'string' ? Buffer.from(content) : content, 'data.csv');
const cells = (content: string) =>
  Object.fromEntries(read(content).columns.map(({ name, cells }) => [name, Array.from(cells)]));

describe('reads', () => {
  test.each([
    ['plain', 'a,b\n1,x\n2,y\n'],
    ['no last line end', 'a,b\n1,x\n2,y'],
    ['CRLF', 'a,b\r\n1,x\r\n2,y\r\n'],
    ['CR', 'a,b\r1,x\r2,y\r'],
    ['a byte order mark', '\ufeffa,b\n1,x\n2,y\n'],
    ['quotes', '"a","b"\n"1","x"\n2,"y"\n'],
    ['spaces around cells', 'a, b\n 1 , "x"\n2,y \n'],
    ['blank lines', '\na,b\n\n1,x\n\n2,y\n\n\n'],
  ])('%s', (_, content) => {
    expect(cells(content)).toEqual({ a: ['1', '2'], b: ['x', 'y'] });
  });

  test('commas, quotes and line ends in quoted cells, and says on which line a row begins', () => {
    const table = read('a,"b ""c"""\r\n1,"x,\r\ny"\r\n\r\n2,z\r\n');
    expect(table.columns[1]).toEqual({ name: 'b "c"', cells: ['x,\ny', 'z'] });
    expect([0, 1].map((row) => table.describeRow(row))).toEqual([
      'line 2 (row 1 of the data)',
      'line 5 (row 2 of the data)',
    ]);
  });

  test('a blank line in a table of one column as an empty cell, but not at the end', () => {
    expect(cells('a\n1\n\n2\n\n')).toEqual({ a: ['1', '', '2'] });
  });

  test('a header that counts the columns', () => {
    expect(cells('0,1\n5,6\n')).toEqual({ 0: ['5'], 1: ['6'] });
  });
});

describe('refuses', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /^data\.csv: the file is empty; expected a header line/],
    ['blank lines only', '\n\n', /the file is empty/],
    ['a header only', 'a,b\n', /the table has no rows \(its columns are a, b\)/],
    [
      'a short row',
      'a,b\n1,2\n3\n',
      /data\.csv, line 3 \(row 2 of the data\): got 1 cells, expected 2 .*complete the row/,
    ],
    ['a long row', 'a,b\n1,2,3\n', /line 2 \(row 1 of the data\): got 3 cells, expected 2/],
    ['a duplicate column', 'a,b,a\n1,2,3\n', /two columns are called 'a' \(columns 1 and 3\)/],
    ['an unnamed column', ',a\n0,1\n', /column 1 of 2 has no name in the header.*index=False/],
    ['no header', '1.5,2\n3,4\n', /the first line \('1\.5, 2'\) holds only numbers, expected column names/],
    ['semicolons', 'a;b\n1;2\n', /separated by semicolons, expected commas/],
    ['tabs', 'a\tb\n1\t2\n', /separated by tabs, expected commas/],
    ['an open quote', 'a,b\n1,"2\n3,4\n', /data\.csv, line \d: a quoted cell begins and never ends/],
    ['a quote in a cell', 'a,b\n1,2"x\n', /data\.csv, line 2: a quote stands in the middle of a cell/],
    ['text after a quote', 'a,b\n1,"2"x\n', /data\.csv, line 2: a quote stands in the middle of a cell/],
    ['NUL bytes', new Uint8Array([0x61, 0, 0x0a, 0x31]), /binary or not encoded as UTF-8/],
    ['invalid UTF-8', new Uint8Array([0x61, 0x0a, 0xff, 0xc3]), /binary or not encoded as UTF-8/],
    ['Latin-1', Buffer.from('größe\n1\n', 'latin1'), /binary or not encoded as UTF-8/],
    ['UTF-16', Buffer.from('\ufeffa\n1\n', 'utf16le'), /encoded as UTF-16, expected UTF-8/],
    ['a workbook', new Uint8Array([0x50, 0x4b, 3, 4, 0]), /Excel workbook.*export the sheet as CSV/],
    ['gzip', new Uint8Array([0x1f, 0x8b, 8]), /compressed with gzip/],
    ['NumPy', Buffer.from('\x93NUMPY\x01\x00', 'latin1'), /NumPy array/],
  ])('%s', (_, content, message) => {
    expect(() => read(content)).toThrow(message);
    expect(() => read(content)).toThrow(expect.objectContaining({ name: 'FormatError' }) as Error);
  });

  test('rubbish, with the name of the file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          expect((error as Error).name).toMatch(/FormatError|ShapeError/);
          expect((error as Error).message).toMatch(/^data\.csv/);
        }
      }),
    );
  });
});

describe('round trip', () => {
  const name = fc
    .string({ minLength: 1 })
    .filter((text) => text.trim() === text && Number.isNaN(Number(text)) && !/[;\t\r\n]/.test(text));

  test('every double, in a column of any name', () => {
    fc.assert(
      fc.property(name, fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (column, values) => {
        const csv = encodeTable('out.csv', [
          { name: column, values },
          { name: `${column}2`, values },
        ]);
        const table = read(csv);
        expect(table.columns.map((each) => each.name)).toEqual([column, `${column}2`]);
        expect(Array.from(table.columns[0]!.cells, Number)).toEqual(values);
      }),
    );
  });

  test('NaN is an empty cell', () => {
    expect(
      encodeTable('out.csv', [
        { name: 'a', values: [1e-7, Number.NaN, -0] },
        { name: 'b', values: [0.1, 2, 1e21] },
      ]),
    ).toBe('a,b\n1e-7,0.1\n,2\n-0,1e+21\n');
  });
});
