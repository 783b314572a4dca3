import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the README shows an example that is a file, and prints what it says', async () => {
  const [, block] = /```ts\n([\s\S]*?)```/.exec(read('../README.md')) ?? [];
  expect(block).toBe(read('./example.ts'));
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await import('./example.ts');
    const printed = log.mock.calls.map(([line]: unknown[]) => String(line));
    expect(read('../README.md')).toContain(printed.join('\n'));
  } finally {
    log.mockRestore();
  }
});
