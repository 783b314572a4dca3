import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readLayersModel } from '@ntk/models';
import { cpuBackend, forward } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';

const root =
  process.env['NTK_REFERENCE_DIR'] ?? fileURLToPath(new URL('../../../../shared/reference', import.meta.url));
const present = existsSync(root);
if (!present) console.log(`skipped: golden values; ${root} is absent (set NTK_REFERENCE_DIR)`);

interface Manifest {
  readonly arrays: Record<string, { readonly offset: number; readonly length: number }>;
  readonly params: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

describe.skipIf(!present).each(['sine_mlp', 'mlp2'])('golden network %s', (name) => {
  it('gives the outputs of the float64 reference', async () => {
    const network = await readLayersModel(`${root}/${name}/model`);
    const manifest = JSON.parse(readFileSync(`${root}/${name}/manifest.json`, 'utf8')) as Manifest;
    const bytes = readFileSync(`${root}/${name}/arrays.bin`);
    const array = (key: string): Float64Array => {
      const { offset, length } = manifest.arrays[key]!;
      return new Float64Array(bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + 8 * length));
    };
    expect(network.parameters.map(({ name: own, shape }) => ({ name: own, shape }))).toEqual(
      manifest.params.map(({ name: own, shape }) => ({ name: own, shape })),
    );
    for (const [x, f] of [
      ['X', 'f'],
      ['Xstar', 'fstar'],
      ['Xextra', 'fextra'],
    ] as const) {
      const backend = cpuBackend();
      using output = await forward(network, array(x), { backend });
      const got = await backend.read(output);
      const want = array(f);
      const error = Math.hypot(...want.map((value, i) => got[i]! - value)) / Math.hypot(...want);
      expect(error).toBeLessThan(1e-13);
    }
  });
});
