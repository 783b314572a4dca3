import { readFileSync } from 'node:fs';
import { parseGraphModel, parseLayersModel, parseOnnx } from '@ntk/models';
import { expect, test } from 'vitest';
import { graphFiles } from './graph-files.ts';
import { layer, sequentialFiles } from './model-files.ts';
import { onnxFixture } from './onnx-runtime.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The operations in the table of a section. */
function listed(section: string): string[] {
  const [, text = ''] = readme.split(`## ${section}\n`);
  const [own = ''] = text.split('\n## ');
  const rows = [...own.matchAll(/^\| (?!operations)[^|]* \| ([A-Za-z\\_.0-9, ]+) \|$/gm)];
  return rows.flatMap(([, cells = '']) => cells.replaceAll('\\_', '_').split(', '));
}

/** The operations or layers that an error names as those that are read. */
function supported(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    const [, list = ''] = /expected the (?:operations|layers) (.*)$/.exec((error as Error).message) ?? [];
    return list.split(', ');
  }
  throw new Error('nothing was refused');
}

test('every operation of a GraphModel that is read is in the README, and no other', () => {
  const { modelJson, weights } = graphFiles({
    inputs: { x: [1] },
    nodes: { f: { op: 'Unknown', inputs: ['x'] } },
    outputs: ['f'],
  });
  const operations = supported(() => parseGraphModel(modelJson, weights)).filter((op) => !op.includes('-'));
  expect(listed('GraphModels').sort()).toEqual(['Const', 'Placeholder', ...operations].sort());
});

test('every operation of ONNX that is read is in the README, and no other', () => {
  const bytes = readFileSync(onnxFixture('mlp.dynamo.onnx'));
  // An operation that there is not, in place of one of four letters.
  bytes.write('Germ', bytes.indexOf('Gemm'));
  const operations = supported(() => parseOnnx(bytes));
  expect(listed('ONNX files').sort()).toEqual(operations.sort());
});

test('every layer of a LayersModel that is read is in the README, and no other', () => {
  const { modelJson, weights } = sequentialFiles([1], [layer('Unknown', 'u')]);
  expect(listed('LayersModels').sort()).toEqual(supported(() => parseLayersModel(modelJson, weights)).sort());
});
