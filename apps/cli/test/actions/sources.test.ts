import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readModel } from '@ntk/models';
import { Rng, type Network } from '@ntk/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/tables/npy.ts';
import { readTable } from '../../src/tables/read-table.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

const packages = new URL('../../../../packages/', import.meta.url);
const onnx = (name: string): string => fileURLToPath(new URL(`models/test/fixtures/onnx/${name}`, packages));
const sameNetwork = (name: string): string => fileURLToPath(new URL(`adapt/test/fixtures/onnx/${name}`, packages));
const layersModel = (name: string): string =>
  fileURLToPath(new URL(`../tooling/reference/test/fixtures/${name}/model`, packages));

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
  const curve = await readModel(space.at('curve'));
  await writeGraph('graph', curve, { activation: 'Tanh', inputs: 1 });
  await writeGraph('open', curve, { activation: 'Tanh', inputs: -1 });
  await writeGraph('strange', curve, { activation: 'Bessel', inputs: 1 });
});
afterAll(() => space.remove());

/** The network with one hidden layer as the directory of a GraphModel. */
async function writeGraph(
  directory: string,
  { parameters, values }: Network,
  { activation, inputs }: { readonly activation: string; readonly inputs: number },
): Promise<void> {
  const type = { T: { type: 'DT_FLOAT' } };
  const node = (name: string, op: string, ...input: string[]): object => ({ name, op, input, attr: type });
  const dim = [{ size: '-1' }, { size: String(inputs) }];
  const modelJson = {
    format: 'graph-model',
    modelTopology: {
      node: [
        { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } } },
        ...parameters.map(({ name }) => node(name, 'Const')),
        node('first', 'MatMul', 'x', parameters[0]!.name),
        node('biased', 'BiasAdd', 'first', parameters[1]!.name),
        node('hidden', activation, 'biased'),
        node('last', activation === 'Tanh' ? 'MatMul' : 'Airy', 'hidden', parameters[2]!.name),
        node('f', 'BiasAdd', 'last', parameters[3]!.name),
      ],
    },
    weightsManifest: [
      { paths: ['w.bin'], weights: parameters.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) },
    ],
  };
  const all = Float32Array.from(values.flatMap((array) => [...array]));
  await mkdir(space.at(directory));
  await writeFile(space.at(`${directory}/model.json`), JSON.stringify(modelJson));
  await writeFile(space.at(`${directory}/w.bin`), new Uint8Array(all.buffer));
}

async function means(name: string): Promise<number[]> {
  const { columns } = await readTable(space.at(name));
  return columns.filter(({ name: own }) => own.startsWith('mean_')).flatMap(({ cells }) => Array.from(cells, Number));
}

/** The largest difference between the predictions of two files. */
async function difference(one: string, other: string): Promise<number> {
  const [a, b] = [await means(one), await means(other)];
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

const fixed = ['--noise', '0.01', '--prior-variance', '1'];

describe('one network from several sources', () => {
  test('a GraphModel is adapted, saved and used as its LayersModel is', async () => {
    const data = ['--data', '@curve.csv', '--target', 'y', ...fixed];
    const layers = await space.ntk('adapt', '--model', '@curve', ...data, '--out', '@layers.csv');
    const graph = await space.ntk('adapt', '--model', '@graph', ...data, '--out', '@graph.csv', '--save', '@graph.ntk');
    expect([layers.code, graph.code]).toEqual([0, 0]);
    expect(await difference('layers.csv', 'graph.csv')).toBeLessThan(1e-10);
    const again = await space.ntk(
      'predict',
      '--posterior',
      '@graph.ntk',
      '--data',
      '@curve.csv',
      '--out',
      '@again.csv',
    );
    expect(again.code).toBe(0);
    expect(await difference('graph.csv', 'again.csv')).toBeLessThan(1e-10);
  });

  test.each([
    ['mlp2', [2], 2],
    ['small_resnet', [8, 8, 3], 4],
  ])('%s as an ONNX file is adapted to arrays as its LayersModel is', async (name, shape, outputs) => {
    const rng = new Rng(name);
    const draw = (...extents: number[]): Uint8Array =>
      encodeNpy({ shape: extents, data: rng.normals(extents.reduce((a, b) => a * b, 1)) });
    await writeFile(space.at(`${name}-x.npy`), draw(6, ...shape));
    await writeFile(space.at(`${name}-y.npy`), draw(6, outputs));
    const data = ['--data', `@${name}-x.npy`, '--target', `@${name}-y.npy`, ...fixed];
    for (const [model, out] of [
      [layersModel(name), 'layers'],
      [sameNetwork(`${name}.onnx`), 'onnx'],
    ] as const) {
      const ran = await space.ntk('adapt', '--model', model, ...data, '--out', `@${name}-${out}.csv`);
      expect(ran.code).toBe(0);
    }
    expect(await difference(`${name}-layers.csv`, `${name}-onnx.csv`)).toBeLessThan(1e-7);
  });
});

describe('inspect', () => {
  test('shows layers, shapes, parameters and where normalisation was folded', async () => {
    const { code, stdout } = await space.ntk('inspect', '--model', onnx('images.dynamo.onnx'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^network main_graph \(onnx\)\nlayer +kind +output +parameters +trainable\nfirst +/);
    expect(stdout).toMatch(/input \[2, 9, 8\], \d+ outputs?, \d+ parameters/);
    expect(stdout).toMatch(/note: batch normalisation is folded into 'node_Conv_147'/);
  });

  test('computes the spectrum of the kernel of an ONNX network', async () => {
    const { code, stdout } = await space.ntk(
      'inspect',
      '--model',
      sameNetwork('mlp2.onnx'),
      '--data',
      '@plane.csv',
      '--target',
      'u,sky',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/kernel J Jᵀ on 12 rows/);
  });

  test.each([
    ['logits', /the final softmax is split off/],
    ['keep', /outputs end in softmax/],
  ])('--output-activation %s works for an ONNX file', async (mode, note) => {
    const { stdout } = await space.ntk('inspect', '--model', onnx('mlp.dynamo.onnx'), '--output-activation', mode);
    expect(stdout).toMatch(note);
  });

  test('takes the shape of an input that a file leaves open', async () => {
    const refused = await space.ntk('inspect', '--model', '@open');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(/got the input 'x' of \[n, \?\], expected fixed extents/);
    const read = await space.ntk('inspect', '--model', '@open', '--input-shape', 'x=1');
    expect(read.code).toBe(0);
    expect(read.stdout).toMatch(/input \[1\], 1 output,/);
    const wrong = await space.ntk('inspect', '--model', '@open', '--input-shape', 'x=1,');
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      "ntk: --input-shape: got 'x=1,', expected the name of an input and the extents of an example; for example --input-shape x=224,224,3\n",
    ]);
  });

  test('names everything that is missing at once, and what is supported', async () => {
    const { code, stdout, stderr } = await space.ntk('inspect', '--model', '@strange');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/got Bessel \('hidden'\), Airy \('last'\), which this version does not read/);
    expect(stderr).toMatch(/expected the operations Abs, Add/);
  });

  test('names the command that converts another format', async () => {
    await writeFile(space.at('net.keras'), '');
    const { code, stderr } = await space.ntk('inspect', '--model', '@net.keras');
    expect(code).toBe(2);
    expect(stderr).toContain(
      `tensorflowjs_converter --input_format=keras_keras --output_format=tfjs_layers_model ${space.at('net.keras')} model`,
    );
  });
});
