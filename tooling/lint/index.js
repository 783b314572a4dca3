import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import jsdoc from 'eslint-plugin-jsdoc';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** One program for all packages: a program for each would read everything again. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** File names that say nothing about what is inside: name the noun. */
const vagueFiles = {
  regex: '^\\.\\.?/(.*/)?(utils?|helpers?|common|misc)(/|\\.ts$)',
  message: 'Name the file for the one thing that is in it.',
};

/** Direct imports that `turbo boundaries`, which follows dependencies of dependencies, cannot forbid. */
const trainEdge = { regex: '^@ntk/linop', message: '@ntk/train may import @ntk/jacobian and @ntk/tensor.' };

export default tseslint.config(
  { ignores: ['**/dist/**', '**/coverage/**', '**/.turbo/**', '**/test/fixtures/**', 'reports/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  { files: ['**/*.js'], languageOptions: { globals: globals.node } },
  {
    rules: {
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      'max-lines': ['error', { max: 500 }],
      'no-restricted-imports': ['error', { patterns: [vagueFiles] }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A function of an asynchronous contract rejects its promise, and so is async even where it awaits nothing.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/src/**/*.ts'],
    plugins: { jsdoc },
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'],
          require: { ClassDeclaration: true, FunctionDeclaration: true },
          enableFixer: false,
        },
      ],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
        { selector: 'Program > VariableDeclaration[kind!="const"]', message: 'No mutable state in a module.' },
        {
          selector: 'Program > ExportNamedDeclaration > VariableDeclaration[kind!="const"]',
          message: 'No mutable state in a module.',
        },
      ],
    },
  },
  {
    files: ['packages/train/src/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [vagueFiles, trainEdge] }] },
  },
);
