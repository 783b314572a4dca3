import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mulberryVector, openReference } from '@ntk/reference';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cpuBackend, forward, makeNetwork, ProgramBuilder, type Network } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** The golden tanh networks as Programs, from their weight files: manifest.params are in the order of the file. */
function tanhNetwork(model: string): Network {
  const reference = openReference(model)!;
  const parameters = reference.parameters();
  const b = new ProgramBuilder(model);
  const x = b.input('x', [1, parameters[0]!.shape[0]!], { exampleAxis: 0 });
  const weights = parameters.map(({ name, shape }) => b.input(name, shape));
  let value = x;
  for (let i = 0; i < weights.length; i += 2) {
    value = b.add(b.matmul(value, weights[i]!), weights[i + 1]!);
    if (i + 2 < weights.length) value = b.unary('tanh', value);
  }
  b.output('f', value);
  const file = readFileSync(join(reference.folder, 'model', 'group1-shard1of1.bin'));
  const all = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  return makeNetwork({
    program: b.build(),
    parameters: parameters.map(({ name, shape }) => ({ name, layer: name.split('/')[0]!, shape, trainable: true })),
    values: parameters.map(({ offset, size }) => all.slice(offset, offset + size)),
    meta: { name: model, source: 'reference', notes: [] },
  });
}

describe.each(['sine_mlp', 'mlp2'])('golden values of %s', (model) => {
  it('are the outputs of the network', async () => {
    const reference = openReference(model)!;
    const network = tanhNetwork(model);
    const backend = cpuBackend();
    for (const [x, f] of [
      ['X', 'f'],
      ['Xstar', 'fstar'],
      ['Xextra', 'fextra'],
    ] as const) {
      using output = await forward(network, reference.array(x).data, { backend });
      expect(output.shape).toEqual(reference.array(f).shape);
      expect(relativeError(await backend.read(output), reference.array(f).data)).toBeLessThan(1e-13);
    }
  });

  it('have their sizes in the manifest', () => {
    const reference = openReference(model)!;
    const [n, c, p] = [reference.number('n'), reference.number('C'), reference.number('P')];
    expect(reference.array('J').shape).toEqual([n * c, p]);
    expect(reference.array('J').data).toHaveLength(n * c * p);
    expect(reference.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(p);
    expect(reference.number('gp', 'settings', 'A', 'prior_variance_s2')).toBeGreaterThan(0);
  });
});

describe('openReference', () => {
  it('refuses keys that are not there', () => {
    const reference = openReference('mlp2')!;
    expect(() => reference.array('nothing')).toThrow(/mlp2: there is no array 'nothing'/);
    expect(() => reference.number('gp', 'nothing')).toThrow(/gp.nothing is not a number/);
    expect(() => reference.numbers('name')).toThrow(/name is not a list of numbers/);
    expect(reference.has('ntk')).toBe(true);
    expect(reference.has('nothing')).toBe(false);
  });

  it('says why there is nothing to compare with', () => {
    const empty = mkdtempSync(join(tmpdir(), 'ntk-reference-'));
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    vi.stubEnv('NTK_REFERENCE_DIR', empty);
    expect(openReference('mnist_cnn')).toBeUndefined();
    expect(log).toHaveBeenCalledWith(
      expect.stringMatching(/^skipped: golden values of mnist_cnn: .*NTK_REFERENCE_DIR/),
    );
    rmSync(empty, { recursive: true });
  });
});

it('vectors too long to store come from their seed', () => {
  // mulberry32 with seed 331440, from another implementation.
  expect([...mulberryVector(331440, 4)]).toEqual([
    0.7484046220779419, -0.4917962849140167, 0.8396369814872742, 1.6132864952087402,
  ]);
  const long = mulberryVector(1, 20_000);
  const variance = long.reduce((sum, x) => sum + x * x, 0) / long.length;
  // Uniform of unit variance: the fourth moment is 9/5, five standard errors.
  expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(0.8 / long.length));
});
