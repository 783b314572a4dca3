import {
  checkNetworkFit,
  describeMapping,
  encodeExamples,
  encodeInputs,
  fitFeatures,
  hasTargets,
  inputNames,
  inputWidth,
  makeTable,
  parseFeatureSchema,
  parseInputScaler,
  type Cell,
  type FeatureOptions,
  type Table,
} from '@ntk/adapt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

function table(columns: Record<string, readonly Cell[]>, source = 'data.csv'): Table {
  return makeTable({
    source,
    columns: Object.entries(columns).map(([name, cells]) => ({ name, cells })),
    describeRow: (row) => `line ${row + 2} (row ${row + 1})`,
  });
}

function fit(data: Table, targets: readonly string[], options?: FeatureOptions) {
  return fitFeatures({ inputs: data, targets: data }, targets, options);
}

const weather = table({
  wind: ['1.5', ' 2 ', '+3e0', '-.5'],
  sky: ['sun', 'rain', 'sun', 'fog'],
  temp: ['10', '11', '12', '13'],
});

describe('encoding', () => {
  test('inputs are all columns but the targets, categories sorted', () => {
    const schema = fit(weather, ['temp'], { oneHot: { sky: 'observed' } });
    const { x, y, rows, width } = encodeExamples(schema, { inputs: weather, targets: weather });
    expect(inputNames(schema)).toEqual(['wind', 'sky=fog', 'sky=rain', 'sky=sun']);
    expect([...x]).toEqual([1.5, 0, 0, 1, 2, 0, 1, 0, 3, 0, 0, 1, -0.5, 1, 0, 0]);
    expect([...y]).toEqual([10, 11, 12, 13]);
    expect(rows).toEqual([0, 1, 2, 3]);
    expect([width, inputWidth(schema)]).toEqual([4, 4]);
  });

  test('--inputs fixes the order, and given categories theirs', () => {
    const schema = fit(weather, ['temp'], { inputs: ['sky', 'wind'], oneHot: { sky: ['snow', 'sun', 'rain', 'fog'] } });
    expect([...encodeInputs(schema, weather).x.subarray(0, 5)]).toEqual([0, 1, 0, 0, 1.5]);
  });

  test('numeric categories sort as numbers', () => {
    const schema = fit(table({ month: [10, 9, 2], y: [1, 2, 3] }), ['y'], { oneHot: { month: 'observed' } });
    expect(inputNames(schema)).toEqual(['month=2', 'month=9', 'month=10']);
  });

  test('without targets there are only inputs', () => {
    const schema = fit(weather, [], { inputs: ['wind'] });
    expect(encodeExamples(schema, { inputs: weather, targets: weather }).y).toHaveLength(0);
  });

  test('columns are found by name: order and further columns do not matter', () => {
    const schema = fit(weather, ['temp'], { inputs: ['wind'] });
    const other = table({ extra: ['x'], wind: ['7'] });
    expect([...encodeInputs(schema, other).x]).toEqual([7]);
    expect(hasTargets(schema, other)).toBe(false);
    expect(hasTargets(schema, weather)).toBe(true);
  });

  test('inputs and targets from two tables may share names', () => {
    const x = makeTable({ source: 'X.npy', columns: [{ name: '0', cells: new Float64Array([1, 2]) }] });
    const y = makeTable({ source: 'Y.npy', columns: [{ name: '0', cells: new Float64Array([3, 4]) }] });
    const schema = fitFeatures({ inputs: x, targets: y }, ['0']);
    expect([...encodeExamples(schema, { inputs: x, targets: y }).y]).toEqual([3, 4]);
    expect(hasTargets(schema, x)).toBe(false);
  });

  test('every double of a column arrives unchanged', () => {
    const doubles = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
    fc.assert(
      fc.property(doubles, (values) => {
        const data = table({ a: values.map(String), y: values });
        const schema = fit(data, ['y']);
        const { x, y } = encodeExamples(schema, { inputs: data, targets: data });
        expect([...x]).toEqual(values.map((value) => Number(String(value))));
        expect([...y]).toEqual(values);
      }),
    );
  });
});

describe('missing cells', () => {
  const gaps = table({ a: ['1', '', 'NA', '3'], sky: ['sun', 'sun', '', 'fog'], y: ['1', '2', '3', 'nan'] });

  test("'mean' uses the training data's mean and shares, also for other tables", () => {
    const schema = fit(gaps, ['a'], { missing: 'drop', inputs: ['y'] });
    expect(schema.inputs).toEqual([{ kind: 'number', name: 'y', mean: 2 }]);
    const filled = fit(gaps, ['y'], { missing: 'mean', oneHot: { sky: 'observed' } });
    const other = table({ a: ['', '5'], sky: ['fog', ''] });
    const { x } = encodeInputs(filled, other);
    expect([...x]).toEqual([2, 1, 0, 5, 1 / 3, 2 / 3]);
  });

  test("'drop' leaves out rows with a missing input or target and says which stayed", () => {
    const schema = fit(gaps, ['y'], { missing: 'drop', inputs: ['a'] });
    const { x, y, rows } = encodeExamples(schema, { inputs: gaps, targets: gaps });
    expect([[...x], [...y], rows]).toEqual([[1], [1], [0]]);
    expect(encodeInputs(schema, gaps).rows).toEqual([0, 3]);
  });

  test('a target is never filled in', () => {
    const schema = fit(gaps, ['y'], { missing: 'mean', inputs: ['a'] });
    expect(() => encodeExamples(schema, { inputs: gaps, targets: gaps })).toThrow(
      /data\.csv, line 5 \(row 4\), column 'y': the cell is 'nan', expected a number; .*--missing drop/,
    );
  });

  test("'none' and 'NA' are categories where categories are expected", () => {
    const schema = fit(table({ roof: ['none', 'NA'], y: [1, 2] }), ['y'], { oneHot: { roof: 'observed' } });
    expect(inputNames(schema)).toEqual(['roof=NA', 'roof=none']);
  });
});

describe('bad cells', () => {
  test.each<[string, Cell, RegExp]>([
    ['text', 'warm', /data\.csv, line 3 \(row 2\), column 'a': the cell is 'warm', expected a number; .*--one-hot a/],
    ['empty', '', /row 2\), column 'a': the cell is empty, expected a number; .*--missing drop or --missing mean/],
    ['blank', '  ', /the cell is empty/],
    ['NaN text', 'NaN', /the cell is 'NaN', expected a number; .*--missing/],
    ['NaN', Number.NaN, /the cell is NaN, expected a number; .*--missing/],
    ['overflow', '1e999', /'1e999' is larger than any double, expected a number; correct the cell/],
    ['infinite text', '-inf', /the cell is '-inf', expected a number; correct the cell/],
    ['infinite', Number.POSITIVE_INFINITY, /the cell is Infinity, expected a number; correct/],
    ['decimal comma', '1,5', /the cell is '1,5', expected a number; write decimals with a point/],
    ['hexadecimal', '0x10', /the cell is '0x10'/],
    ['separators', '1_000', /the cell is '1_000'/],
    ['control characters', '1\u0000\n', /the cell is '1\\u0000'/],
    ['a long text', 'x'.repeat(99), /'x{37}…'/],
  ])('%s', (_, cell, message) => {
    const data = table({ a: ['1', cell], y: [1, 2] });
    expect(() => fit(data, ['y'])).toThrow(message);
    expect(() => fit(data, ['y'])).toThrow(expect.objectContaining({ name: 'FormatError' }) as Error);
  });

  test('an empty category, and one never seen', () => {
    const schema = fit(weather, ['temp'], { inputs: ['sky'], oneHot: { sky: 'observed' } });
    expect(() => encodeInputs(schema, table({ sky: ['sun', 'hail'] }, 'new.csv'))).toThrow(
      /new\.csv, line 3 \(row 2\), column 'sky': category 'hail' is not among .*\(fog, rain, sun\)/,
    );
    expect(() => encodeInputs(schema, table({ sky: [''] }))).toThrow(
      /column 'sky': the cell is empty, expected a category/,
    );
    expect(() => fit(weather, ['temp'], { oneHot: { sky: ['sun', 'fog'] } })).toThrow(/category 'rain' is not among/);
  });

  test('columns with nothing in them', () => {
    const data = table({ a: ['', ''], y: ['1', '2'] });
    expect(() => fit(data, ['y'], { missing: 'mean' })).toThrow(
      /column 'a': no cell holds a number; leave the column out/,
    );
    expect(() => fit(data, ['y'], { missing: 'mean', oneHot: { a: 'observed' } })).toThrow(/every cell is empty/);
    const schema = fit(table({ a: ['1', '2'], y: [1, 2] }), ['y'], { missing: 'drop' });
    expect(() => encodeInputs(schema, data)).toThrow(/every row has a missing cell/);
  });
});

describe('bad columns', () => {
  test.each<[string, readonly string[], FeatureOptions, RegExp]>([
    ['unknown target', ['tmp'], {}, /no column 'tmp' \(did you mean 'temp'\?\)/],
    ['unknown input', ['temp'], { inputs: ['winds'] }, /no column 'winds' \(did you mean 'wind'\?\)/],
    ['input is target', ['temp'], { inputs: ['temp'] }, /column 'temp' is named as input and as target/],
    ['all are targets', ['wind', 'sky', 'temp'], {}, /none is left as input/],
    ['no inputs', ['temp'], { inputs: [] }, /no input column/],
    [
      'one-hot of no input',
      ['temp'],
      { oneHot: { temp: 'observed' } },
      /--one-hot names 'temp', which is not an input/,
    ],
    ['category twice', ['temp'], { oneHot: { sky: ['a', 'a'] } }, /category 'a' comes twice/],
  ])('%s', (_, targets, options, message) => {
    expect(() => fit(weather, targets, options)).toThrow(message);
  });

  test('other rows in inputs and targets', () => {
    const tables = { inputs: table({ a: [1] }, 'X.npy'), targets: table({ b: [1, 2] }, 'Y.npy') };
    expect(() => fitFeatures(tables, ['b'])).toThrow(/X\.npy has 1 rows and Y\.npy has 2/);
  });

  test('a table to predict lacks columns', () => {
    const schema = fit(weather, ['temp'], { inputs: ['wind'] });
    expect(() => encodeInputs(schema, table({ wnd: [1] }, 'new.csv'))).toThrow(
      /new\.csv: there is no column 'wind' \(did you mean 'wnd'\?\), which the network's inputs need; its columns are wnd/,
    );
    const both = fit(weather, ['temp'], { inputs: ['wind', 'sky'], oneHot: { sky: 'observed' } });
    expect(() => encodeInputs(both, table({ rain: [1] }, 'new.csv'))).toThrow(
      /new\.csv: there are no columns wind, sky, which the network's inputs need; its columns are rain/,
    );
  });
});

describe('the network', () => {
  const schema = fit(weather, ['temp'], { inputs: ['wind'] });

  test.each([
    [
      { name: 'mlp', exampleShape: [3], outputs: 1 },
      /gives 1 input \(wind\) and the network 'mlp' takes 3, \[3\]; .*--inputs.*--one-hot/,
    ],
    [
      { name: 'mlp', exampleShape: [1], outputs: 2 },
      /got 1 target \(temp\) and the network 'mlp' has 2 outputs; .*--target/,
    ],
  ])('must take what the table gives', (network, message) => {
    expect(() => checkNetworkFit(schema, network)).toThrow(message);
  });

  test('and images with their axes in order', () => {
    const cells = new Float64Array(1);
    const columns = Array.from({ length: 12 }, (_, i) => String(i));
    const image = (rowShape: readonly number[]) =>
      makeTable({
        source: 'X.npy',
        groups: [{ name: '', columns, rowShape }],
        columns: columns.map((name) => ({ name, cells })),
      });
    const targets = table({ y: [1] });
    const network = { name: 'cnn', exampleShape: [2, 2, 3], outputs: 1 };
    const check = (inputs: Table) => checkNetworkFit(fitFeatures({ inputs, targets }, ['y']), network, inputs);
    expect(() => check(image([3, 2, 2]))).toThrow(/each row has the shape \[3, 2, 2\] .* takes \[2, 2, 3\]; transpose/);
    expect(() => check(image([2, 2, 3]))).not.toThrow();
  });
});

describe('scaler', () => {
  const inputs = ['wind', 'sky'];
  const oneHot = { sky: 'observed' as const };
  const scaled = (mean: unknown, scale: unknown) =>
    fit(weather, ['temp'], { inputs, oneHot, scaler: parseInputScaler({ mean, scale }, 'scaler.json') });

  test.each([
    ['by name', { wind: 1 }, { wind: 2 }, [0.25, 0, 0, 1]],
    ['by position', [1, 0, 0, 0], [2, 1, 1, 2], [0.25, 0, 0, 0.5]],
    ['one number', 0, 2, [0.75, 0, 0, 0.5]],
  ])('%s', (_, mean, scale, expected) => {
    expect([...encodeInputs(scaled(mean, scale), weather).x.subarray(0, 4)]).toEqual(expected);
  });

  test('a column with the name of a property of every object is not scaled by it', () => {
    const data = table({ constructor: [4, 6], y: [1, 2] });
    const schema = fit(data, ['y'], { scaler: parseInputScaler({ mean: {}, scale: {} }, 'scaler.json') });
    expect([...encodeInputs(schema, data).x]).toEqual([4, 6]);
  });

  test.each([
    ['length', [1], 1, /got 1 numbers in its mean, expected 4/],
    ['name', { wnd: 1 }, 1, /its mean names 'wnd' \(did you mean 'wind'\?\), which is not an input/],
    ['zero', 0, 0, /the scale of input 1 \(wind\) is 0/],
    ['text', 'a', 1, /scaler\.json: .*expected an object with "mean" and "scale"/],
    ['absent', 1, undefined, /scaler\.json: .*expected an object with "mean" and "scale"/],
  ])('refuses: %s', (_, mean, scale, message) => {
    expect(() => scaled(mean, scale)).toThrow(message);
  });
});

describe('stored schema', () => {
  const schema = fit(weather, ['temp'], { oneHot: { sky: 'observed' }, scaler: { mean: 0, scale: 2 } });

  test('survives JSON', () => {
    expect(parseFeatureSchema(JSON.parse(JSON.stringify(schema)), 'p.ntk')).toEqual(schema);
  });

  test.each([
    ['version', { version: 2 }],
    ['inputs', { inputs: [] }],
    ['scaler', { scaler: { mean: [1], scale: [1] } }],
    ['unknown key', { extra: 1 }],
  ])('a damaged one is refused: %s', (_, change) => {
    expect(() => parseFeatureSchema({ ...schema, ...change }, 'p.ntk')).toThrow(
      /p\.ntk: the description of its columns is damaged/,
    );
  });
});

describe('mapping', () => {
  test('reads as a list of columns', () => {
    const schema = fit(weather, ['temp'], {
      oneHot: { sky: ['sun', 'rain', 'fog'] },
      scaler: { mean: { wind: -2 }, scale: { wind: 4 } },
    });
    expect(describeMapping(schema).slice(0, 2)).toEqual([
      'column wind → input 1 as (x + 2) / 4',
      'column sky = sun → input 2',
    ]);
    expect(describeMapping(schema).at(-1)).toBe('target temp → output 1');
  });

  test('is cut where there are many', () => {
    const columns = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${i}`, [1]]));
    const lines = describeMapping(fit(table({ ...columns, y: [1] }), ['y']));
    expect(lines).toHaveLength(6);
    expect(lines[3]).toBe('… 96 more');
  });
});
