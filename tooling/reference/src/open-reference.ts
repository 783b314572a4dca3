import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Reference, type Json } from './reference.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const fixtures = join(here, '..', 'test', 'fixtures');
const checkout = join(here, '..', '..', '..');

/**
 * The golden values of a network: from the committed fixtures (sine_mlp, mlp2, small_resnet), else from the folder that the environment
 * variable NTK_REFERENCE_DIR names, else from shared/reference beside the checkout.
 *
 * @returns undefined where there are none, after printing why. The body of a skipped `describe` runs too, so a loop over models skips with
 *   `if (reference === undefined) continue`
 */
export function openReference(model: string): Reference | undefined {
  const given = process.env['NTK_REFERENCE_DIR'];
  const external =
    given === undefined || given === '' ? resolve(checkout, '..', 'shared', 'reference') : resolve(given);
  const folder = [fixtures, external]
    .map((parent) => join(parent, model))
    .find((each) => existsSync(join(each, 'manifest.json')));
  if (folder === undefined) {
    console.log(`skipped: golden values of ${model}: not found; NTK_REFERENCE_DIR names the folder that holds them`);
    return undefined;
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Record<string, Json>;
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, 'arrays.bin'));
  return new Reference(model, folder, manifest, buffer.slice(byteOffset, byteOffset + byteLength));
}
