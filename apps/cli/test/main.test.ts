import { DivergenceError } from '@ntk/train';
import { FormatError } from '@ntk/tensor';
import { describe, expect, test, vi } from 'vitest';
import { main, type Actions } from '../src/main.ts';

const AT = { epoch: 2, step: 30, learningRate: 0.1 };

class SolveError extends Error {
  override readonly name = 'SolveError';
}

async function run(argv: readonly string[], failure?: Error, debug = false) {
  const action = vi.fn(async () => {
    if (failure !== undefined) throw failure;
    return 0 as const;
  });
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) });
  const actions: Actions = {
    adapt: action,
    plan: action,
    predict: action,
    suggest: action,
    export: action,
    inspect: action,
    demo: action,
  };
  const code = await main(argv, { stdout: stream('stdout'), stderr: stream('stderr'), actions, debug });
  return { code, action, ...written };
}

describe('main', () => {
  test.each([
    [['demo']],
    [['inspect', '--model', 'm']],
    [['predict', '--posterior', 'p', '--data', 'd']],
    [['suggest', '--posterior', 'p', '--data', 'd']],
    [['export', '--posterior', 'p', '--data', 'd']],
    [['plan', '--model', 'm', '--data', 'd', '--target', 't']],
    [['adapt', '--model', 'm', '--data', 'd', '--target', 't']],
  ])('runs %j', async (argv) => {
    const { code, action, stderr } = await run(argv);
    expect(action).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ command: argv[0] }), expect.anything());
    expect([code, stderr]).toEqual([0, '']);
  });

  test('help goes to stdout', async () => {
    const { code, stdout, stderr, action } = await run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Usage: ntk');
    expect(action).not.toHaveBeenCalled();
  });

  test.each([
    ['bad usage', ['demo', '--seed', 'x'], undefined, 2, /^ntk: --seed: got 'x', [^\n]+\n$/],
    ['no command', [], undefined, 2, /^ntk: got no command[^\n]+\n$/],
    ['bad input', ['demo'], new FormatError('a.csv: bad\n  over two lines'), 2, /^ntk: a\.csv: bad over two lines\n$/],
    ['a numerical failure', ['demo'], new SolveError('did not converge'), 1, /^ntk: did not converge\n$/],
    ['divergence', ['demo'], new DivergenceError('the loss is NaN', AT), 1, /^ntk: train: the loss is NaN in epoch 2/],
    [
      'anything else',
      ['demo'],
      new TypeError('x is undefined'),
      1,
      /^ntk: unexpected TypeError: x is undefined \(NTK_DEBUG=1 shows where\)\n$/,
    ],
  ])('%s is one line and its exit code', async (_, argv, failure, expected, message) => {
    const { code, stdout, stderr } = await run(argv, failure);
    expect([code, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(message);
  });

  test('a numerical failure is also an object where one was asked for', async () => {
    const failure = Object.assign(new SolveError('did not converge'), { solution: { status: 'max-steps' } });
    const { code, stdout } = await run(['demo', '--json'], failure);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ command: 'demo', status: 'max-steps', message: 'ntk: did not converge' });
    expect((await run(['demo', '--json'], new FormatError('bad'))).stdout).toBe('');
  });

  test('debugging shows the stack and the cause', async () => {
    const { stderr } = await run(['demo'], new FormatError('bad', { cause: new Error('inner') }), true);
    expect(stderr).toMatch(/^ntk: FormatError: bad\n\s+at /);
    expect(stderr).toContain('caused by: Error: inner');
  });
});
