import { importFailure, isNotInstalled } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';

const withCode = (message: string, code: string): Error => Object.assign(new Error(message), { code });

describe('a failed import', () => {
  it.each([
    withCode("Cannot find package 'engine' imported from /app/index.js", 'ERR_MODULE_NOT_FOUND'),
    withCode("Cannot find module 'engine'\nRequire stack:\n- /app/index.js", 'MODULE_NOT_FOUND'),
    new Error('Could not resolve "engine" imported by "app". Is it installed?'),
  ])('is of a package that is not installed: %s', (cause) => {
    expect(isNotInstalled(cause, 'engine')).toBe(true);
  });

  it.each([
    withCode(
      "Cannot find module './binding'\nRequire stack:\n- /app/node_modules/'engine'/index.js",
      'MODULE_NOT_FOUND',
    ),
    withCode("Cannot find package 'engine-core' imported from /app/index.js", 'ERR_MODULE_NOT_FOUND'),
    new Error("'engine' cannot start"),
    "Could not resolve 'engine'",
  ])('is of something else: %s', (cause) => {
    expect(isNotInstalled(cause, 'engine')).toBe(false);
  });

  it('says why in one sentence', () => {
    expect(importFailure(new Error("Cannot find module 'engine'\nRequire stack:\n- /app"))).toBe(
      "Cannot find module 'engine'.",
    );
    expect(importFailure('no driver.')).toBe('no driver.');
  });
});
