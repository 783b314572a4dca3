import { defineConfig } from 'vitest/config';

const conditions = ['@ntk/source', 'module', 'node', 'development|production'];

/** Tests run against the sources: no build is needed first. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    // Long suites are named *.full.test.ts and run by `npm run test:full`.
    exclude: process.env['NTK_TEST_FULL'] === '1' ? [] : ['**/*.full.test.ts'],
    testTimeout: 30_000,
    allowOnly: false,
    passWithNoTests: true,
  },
});
