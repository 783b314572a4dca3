import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the example of the README is a file that runs', async () => {
  const [, block] = /```ts\n([\s\S]*?)```/.exec(read('../README.md')) ?? [];
  expect(block).toBe(read('./example.ts'));
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await import('./example.ts');
    const printed = log.mock.calls.map(([line]) => String(line));
    expect(printed).toHaveLength(3);
    expect(read('../README.md')).toContain(printed.join('\n'));
  } finally {
    log.mockRestore();
  }
});
