import { defineConfig } from 'vitest/config';

const conditions = ['@ntk/source', 'module', 'node', 'development|production'];

/** Tests run against the sources: no build is needed first. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    passWithNoTests: true,
  },
});
