import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The folder of data sets: the one that the environment variable NTK_DATA_DIR names, else shared/data beside the checkout.
 *
 * @param files - what a suite needs of it
 * @returns undefined where one of them is absent, after printing which, so that a suite can skip:
 *   `describe.skipIf(data === undefined)(…)`
 */
export function openData(...files: readonly string[]): string | undefined {
  const folder = resolve(process.env['NTK_DATA_DIR'] || join(checkout, '..', 'shared', 'data'));
  const absent = files.map((file) => join(folder, file)).find((path) => !existsSync(path));
  if (absent === undefined) return folder;
  console.log(`skipped: ${absent} not found; NTK_DATA_DIR names the folder that holds it`);
  return undefined;
}
