import { OptionError } from '@ntk/tensor';
import { extname } from 'node:path';

/**
 * Checks that a picture can be written to a path of this ending.
 *
 * @throws {OptionError} if not
 */
export function checkPlotPath(path: string): void {
  if (extname(path).toLowerCase() === '.svg') return;
  throw new OptionError(`${path}: cannot draw a picture of this kind, expected a name ending in .svg`);
}
