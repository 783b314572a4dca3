import { fileURLToPath } from 'node:url';

/** Path of a file that test/fixtures/make.py wrote. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}
