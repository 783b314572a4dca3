import { ShapeError } from '../errors.ts';

/**
 * A value that names an entry of an axis.
 *
 * @throws {ShapeError} unless it is an integer from 0 to extent - 1
 */
export function checkedIndex(op: string, index: number, extent: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= extent)
    throw new ShapeError(`${op}: got the index ${index}, expected integers from 0 to ${extent - 1}`);
  return index;
}
