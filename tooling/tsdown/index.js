import { defineConfig } from 'tsdown';

/**
 * The build of a package: src/index.ts, and further entries by name, to ES modules with declarations in dist.
 * Declarations come from the syntax alone (isolatedDeclarations), so no package waits for another's build.
 */
export function library(entries = {}) {
  return defineConfig({
    entry: { index: 'src/index.ts', ...entries },
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    dts: { oxc: true },
    sourcemap: true,
    clean: true,
    fixedExtension: false,
    logLevel: 'warn',
  });
}
