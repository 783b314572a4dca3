import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { progressBar } from '../../src/terminal/progress.ts';

test('nothing is drawn where output is piped', () => {
  const stream = new PassThrough();
  const progress = progressBar(stream);
  progress.update('training', 1, 2);
  progress.stop();
  expect(stream.read()).toBeNull();
});

test('a terminal sees stage and share', () => {
  const drawn: string[] = [];
  const terminal = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 80,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
    write: (text: string) => drawn.push(text) > 0,
  });
  const progress = progressBar(terminal);
  progress.update('training', 1, 4);
  progress.update('adapting', 1, 2);
  progress.stop();
  expect(drawn.join('')).toMatch(/training \[.*\] 25 %/);
});
