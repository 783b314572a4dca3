import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { PRIMITIVES } from '@ntk/tensor';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('README', () => {
  it('shows an example that is a file and prints what it says', async () => {
    const [, block] = /```ts\n([\s\S]*?)```/.exec(read('../README.md')) ?? [];
    expect(block).toBe(read('./example.ts'));
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    try {
      await import('./example.ts');
      const printed = log.mock.calls.map(([line]: unknown[]) => (typeof line === 'string' ? line : inspect(line)));
      expect(read('../README.md')).toContain(printed.join('\n'));
    } finally {
      log.mockRestore();
    }
  });

  it('lists every primitive', () => {
    const [, table] = /## Primitives\n([\s\S]*?)\n## /.exec(read('../README.md')) ?? [];
    const listed = [...table!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    expect([...PRIMITIVES].filter((op) => !listed.includes(op))).toEqual([]);
  });
});
