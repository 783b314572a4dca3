import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModel } from '@ntk/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphFiles } from './graph-files.ts';
import { denseWeights, layer, sequentialFiles } from './model-files.ts';
import { onnxFixture } from './onnx-runtime.ts';

const ones = (...shape: number[]): { shape: number[]; values: number[] } => ({
  shape,
  values: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1),
});

/** Directories and their files. */
const layers = sequentialFiles(
  [3],
  [layer('Dense', 'd', { units: 2, activation: 'softmax' })],
  denseWeights('d', 3, 2),
);
const graph = graphFiles({
  inputs: { x: [3] },
  constants: { w: ones(3, 2) },
  nodes: { xw: { op: 'MatMul', inputs: ['x', 'w'] }, f: { op: 'Softmax', inputs: ['xw'] } },
  outputs: ['f'],
});

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ntk-read-model-'));
  for (const [name, files] of [
    ['layers', layers],
    ['graph', graph],
  ] as const) {
    await mkdir(join(root, name));
    await writeFile(join(root, name, 'model.json'), JSON.stringify(files.modelJson));
    await writeFile(join(root, name, 'weights.bin'), files.weights);
  }
  for (const name of ['one', 'several']) await mkdir(join(root, name));
  for (const at of ['one/net.onnx', 'several/a.onnx', 'several/b.onnx'])
    await copyFile(onnxFixture('mlp.dynamo.onnx'), join(root, at));
});
afterAll(() => rm(root, { recursive: true }));

describe('a path is read by what is there', () => {
  it.each([
    ['layers', 'tfjs-layers-model'],
    ['layers/model.json', 'tfjs-layers-model'],
    ['graph', 'tfjs-graph-model'],
    ['graph/model.json', 'tfjs-graph-model'],
    ['one', 'onnx'],
    ['one/net.onnx', 'onnx'],
  ])('%s', async (path, source) => {
    const network = await readModel(join(root, path));
    expect([network.meta.source, network.meta.outputActivation]).toEqual([source, 'softmax']);
    const kept = await readModel(join(root, path), { outputActivation: 'keep' });
    expect(kept.meta.outputActivation).toBeUndefined();
  });

  it('but not a directory with several models', async () => {
    await expect(readModel(join(root, 'several'))).rejects.toThrow(
      `${join(root, 'several')}: got a directory with several .onnx files, expected that of one model; name the file`,
    );
  });

  it('nor an .onnx file that is not there', async () => {
    await expect(readModel(join(root, 'absent.onnx'))).rejects.toThrow('absent.onnx: got no such file or directory');
  });
});
