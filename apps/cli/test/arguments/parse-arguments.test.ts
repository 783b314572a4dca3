import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/arguments/parse-arguments.ts';

const adapt = (...more: string[]) =>
  parseArguments(['adapt', '--model', 'm', '--data', 'd.csv', '--target', 'y', ...more]);

describe('adapt', () => {
  test('defaults', () => {
    expect(adapt()).toMatchObject({
      command: 'adapt',
      model: 'm',
      data: 'd.csv',
      target: ['y'],
      missing: 'error',
      noise: 'learn',
      priorVariance: 'learn',
      learnOn: 'all',
      mean: 'network',
      layers: 'all',
      space: 'auto',
      solver: 'auto',
      backend: 'auto',
      dtype: 'auto',
      outputActivation: 'logits',
      interval: 0.95,
      includeNoise: false,
      json: false,
    });
    expect(adapt()).not.toHaveProperty('out');
    // Nothing in it is random.
    expect(() => adapt('--seed', '1')).toThrow(/^ntk adapt has no option '--seed'/);
  });

  test.each<[string[], object]>([
    [['--noise', '2'], { noise: 2 }],
    [['--noise=1e-3'], { noise: 0.001 }],
    [['--prior-variance', '2'], { priorVariance: 2 }],
    [['--learn-on', 'sample'], { learnOn: 'sample' }],
    [['--layers', 'last'], { layers: 'last' }],
    [['--layers', 'top:2'], { layers: { top: 2 } }],
    [['--layers', 'dense_1, dense_2'], { layers: { names: ['dense_1', 'dense_2'] } }],
    [['--inputs', 'b,a', '--inputs', 'c'], { inputs: ['b,a', 'c'] }],
    [['--one-hot', 'sky=a,b'], { oneHot: ['sky=a,b'] }],
    [['--missing', 'drop', '--input-scaler', 's.json'], { missing: 'drop', inputScaler: 's.json' }],
    [
      ['--mean', 'zero', '--space', 'parameter', '--solver', 'cholesky'],
      { mean: 'zero', space: 'parameter', solver: 'cholesky' },
    ],
    [['--backend', 'cpu', '--dtype', 'float32'], { backend: 'cpu', dtype: 'float32' }],
    [['--backend', 'tfjs-node-gpu'], { backend: 'tfjs-node-gpu' }],
    [['--solver-backend', 'gpujs'], { solverBackend: 'gpujs' }],
    [['--noise', 'learn-outputs'], { noise: 'learn-outputs' }],
    [['--noise', '0.1, 0.2'], { noise: Float64Array.of(0.1, 0.2) }],
    [['--outputs', 'shared', '--space', 'function'], { outputs: 'shared', space: 'function' }],
    [
      ['--solver', 'cg', '--preconditioner', 'nystrom', '--rtol', '1e-8'],
      { solver: 'cg', preconditioner: 'nystrom', rtol: 1e-8 },
    ],
    [
      ['--memory', '1.5GB', '--plan', 'p.json', '--rates', 'r.json'],
      { memory: 1.5e9, plan: 'p.json', rates: 'r.json' },
    ],
    [['--memory', '4GiB'], { memory: 2 ** 32 }],
    [
      ['--head', 'keep', '--outputs', 'full', '--likelihood', 'gaussian', '--method', 'gp', '--class-weight', 'none'],
      {},
    ],
    [['--interval', '0.5', '--include-noise', '--json'], { interval: 0.5, includeNoise: true, json: true }],
    [
      ['--out', 'o.csv', '--save', 's.ntk', '--plot', 'p.svg', '--test', 't.csv'],
      { out: 'o.csv', save: 's.ntk', plot: 'p.svg', test: 't.csv' },
    ],
  ])('%j', (words, expected) => {
    expect(adapt(...words)).toMatchObject(expected);
  });

  test.each<[string[], RegExp]>([
    [['--noise', '-1'], /^--noise: got '-1', expected learn, learn-outputs, a positive number, .*; for example/],
    [
      ['--noise', 'abc'],
      /^--noise: got 'abc', expected learn, learn-outputs, a positive number, or one for each target separated by commas; for example --noise 0\.1$/,
    ],
    [['--noise', '0'], /^--noise: got '0', .*for exact data give a small one/],
    [['--noise', 'NaN'], /^--noise: got 'NaN'/],
    [['--noise', '1e999'], /^--noise: got '1e999'/],
    [['--noise', ''], /^--noise: got ''/],
    [['--noise', '0x1'], /^--noise: got '0x1'/],
    [['--noise', '1', '--noise', '2'], /^--noise is given twice/],
    [['--prior-variance', '0'], /^--prior-variance: got '0', expected learn or a positive number/],
    [
      ['--interval', '95'],
      /^--interval: got '95', expected a probability strictly between 0 and 1; for example --interval 0\.95/,
    ],
    [['--interval', '1'], /^--interval: got '1'/],
    [['--layers', 'top:0'], /^--layers: got 'top:0', expected all, last, top:K/],
    [['--layers', 'top:1.5'], /^--layers: got 'top:1\.5'/],
    [['--layers', 'a,,b'], /^--layers: got 'a,,b'/],
    [['--missing', 'dropp'], /^--missing: got 'dropp' \(did you mean 'drop'\?\), expected one of error, drop, mean/],
    [
      ['--backend', 'cuda'],
      /^--backend: got 'cuda'.*expected one of auto, ort, cpu, tfjs-cpu, tfjs-wasm, tfjs-node, tfjs-node-gpu$/,
    ],
    [['--backend', 'webgpu'], /^--backend webgpu is not available yet: this version supports auto, ort, cpu/],
    [['--likelihood', 'categorical'], /^--likelihood categorical is not available yet: this version supports gaussian/],
    [['--head', 'new'], /^--head new is not available yet: this version supports keep/],
    [['--outputs', 'joint'], /^--outputs: got 'joint', expected one of full, independent, shared/],
    [['--method', 'vi'], /^--method vi is not available yet/],
    [['--solver', 'lanczos'], /^--solver lanczos is not available yet: this version supports auto, cholesky, cg, lsmr/],
    [['--memory', '4 GiBi'], /^--memory: got '4 GiBi', expected a number of bytes, such as 4GiB or 500MB/],
    [['--memory', '0'], /^--memory: got '0'/],
    [['--rtol', '-1'], /^--rtol: got '-1', expected a number between 0 and 1/],
    [['--noise', '0.1,x'], /^--noise: got '0\.1,x', expected .* one for each target separated by commas/],
    [['--noise', '0,1'], /^--noise: got '0,1', .*for exact data give a small one/],
    [['--save-variance', 'root'], /^--save-variance says what --save writes, and there is no --save;/],
    [['--save-network', 'path'], /^--save-network says what --save writes/],
    [['--save-size', '9'], /^--save-size says what --save writes/],
    [['--plan'], /^ntk adapt: '--plan <file>' needs a value/],
    [['--preprocess', 'imagenet'], /^--preprocess imagenet is not available yet/],
    [
      ['--nois', '1'],
      /^ntk adapt has no option '--nois' \(did you mean '--noise'\?\); it has --model, .*see ntk adapt --help/,
    ],
    [['-x'], /^ntk adapt has no option '-x'/],
    [['extra.csv'], /^ntk adapt takes options only, and got 'extra\.csv' without one/],
    [['--out'], /^ntk adapt: '--out <file>' needs a value/],
    [['--out', '--json'], /^--out: got '--json', expected the path of a file/],
    [['--inputs', '--json'], /^--inputs: got '--json', expected the name of a column/],
    [['--test', 'a.csv', '--test', 'b.csv'], /^--test is given twice/],
  ])('%j is refused', (words, message) => {
    expect(() => adapt(...words)).toThrow(message);
    expect(() => adapt(...words)).toThrow(expect.objectContaining({ name: 'OptionError' }) as Error);
  });

  test('needs a model, data and a target', () => {
    expect(() => parseArguments(['adapt', '--data', 'd.csv', '--target', 'y'])).toThrow(
      /^ntk adapt needs '--model <path>'/,
    );
    expect(() => parseArguments(['adapt', '--model', 'm', '--target', 'y'])).toThrow(
      /^ntk adapt needs '--data <file>'/,
    );
    expect(() => parseArguments(['adapt', '--model', 'm', '--data', 'd.csv'])).toThrow(
      /^ntk adapt needs '--target <names>'/,
    );
  });
});

describe('the other commands', () => {
  test('predict', () => {
    expect(parseArguments(['predict', '--posterior', 'p.ntk', '--data', 'x.csv'])).toMatchObject({
      command: 'predict',
      posterior: 'p.ntk',
      data: 'x.csv',
      interval: 0.95,
      backend: 'auto',
    });
    expect(() => parseArguments(['predict', '--data', 'x.csv'])).toThrow(/ntk predict needs '--posterior <file>'/);
  });

  test('plan: as adapt, and where to write', () => {
    const given = ['--model', 'm', '--data', 'd.csv', '--target', 'y', '--solver', 'cg'];
    expect(parseArguments(['plan', ...given])).toEqual({ ...parseArguments(['adapt', ...given]), command: 'plan' });
    expect(parseArguments(['plan', ...given, '--to', 'p.json', '--calibrate', 'r.json'])).toMatchObject({
      to: 'p.json',
      calibrate: 'r.json',
    });
  });

  test('inspect', () => {
    expect(parseArguments(['inspect', '--model', 'm'])).toMatchObject({
      command: 'inspect',
      model: 'm',
      json: false,
      missing: 'error',
    });
  });

  test('an unknown option is told before one that is missing', () => {
    expect(() => parseArguments(['inspect', '--modl', 'x'])).toThrow(
      /^ntk inspect has no option '--modl' \(did you mean '--model'\?\)/,
    );
  });

  test('demo', () => {
    expect(parseArguments(['demo'])).toMatchObject({
      command: 'demo',
      days: 40,
      out: 'predictions.csv',
      plot: 'plot.svg',
      seed: 0,
    });
    expect(parseArguments(['demo', '--seed', '7'])).toMatchObject({ seed: 7 });
    expect(() => parseArguments(['demo', '--seed', '-1'])).toThrow(
      /^--seed: got '-1', expected an integer of at least 0/,
    );
    expect(() => parseArguments(['demo', '--seed', '1.5'])).toThrow(/^--seed: got '1\.5'/);
    expect(() => parseArguments(['demo', '--days', '0'])).toThrow(
      /^--days: got '0', expected an integer from 5 to 500/,
    );
  });

  test.each([
    [['bench', 'sine'], /^ntk bench is not available yet/],
    [
      ['adopt'],
      /^ntk has no command 'adopt' \(did you mean 'adapt'\?\); it has adapt, plan, predict, suggest, export, inspect, demo/,
    ],
    [[], /^got no command, expected adapt, plan, predict, suggest, export, inspect or demo/],
    [['--verbose'], /^ntk has no option '--verbose'/],
  ])('%j is refused', (words, message) => {
    expect(() => parseArguments(words)).toThrow(message);
  });
});

describe('help', () => {
  const help = (...words: string[]) => {
    const asked = parseArguments(words);
    return asked.command === 'help' ? asked.text : '';
  };

  test('lists the commands', () => {
    expect(help('--help')).toMatch(
      /adapt .*\n.*plan .*\n.*\n.*predict .*\n.*suggest .*\n.*export .*\n.*inspect .*\n.*demo /,
    );
    expect(help('help')).toBe(help('--help'));
  });

  test('of adapt shows every option once, with defaults, and an example; nothing of later versions', () => {
    const text = help('adapt', '--help');
    expect(help('help', 'adapt')).toBe(text);
    for (const flag of [
      '--noise <variance>',
      '--memory <bytes>',
      '--missing <error|drop|mean>',
      '--interval',
      '--one-hot',
      'Examples:',
    ]) {
      expect(text).toContain(flag);
    }
    expect(text).toMatch(/default:\s+0\.95/);
    expect(text).not.toMatch(/--preprocess|categorical|lanczos/);
  });

  test('is at most as wide as the terminal, or 100 characters', () => {
    const asked = parseArguments(['demo', '--help'], 90);
    expect(asked.command === 'help' && asked.text.split('\n').every((line) => line.length <= 90)).toBe(true);
  });

  test.each(['adapt', 'plan', 'predict', 'suggest', 'export', 'inspect', 'demo'])(
    'of %s fits in 100 characters',
    (name) => {
      const asked = parseArguments([name, '--help'], 100);
      const lines = asked.command === 'help' ? asked.text.split('\n') : [];
      expect(lines.filter((line) => line.length > 100)).toEqual([]);
    },
  );

  test('the version', () => {
    expect(help('--version')).toMatch(/^\d+\.\d+\.\d+/);
  });
});
