import { UnsupportedError } from '@ntk/tensor';

/** So many times the number of examples, which is not known while a graph is read. */
export interface PerExample {
  readonly perExample: number;
}

/** A whole number of a graph's shape arithmetic. */
export type Extent = number | PerExample;

/** Whether an extent grows with the number of examples. */
export function isPerExample(extent: Extent): extent is PerExample {
  return typeof extent !== 'number';
}

/** '4', 'n' or '4n', as messages show it. */
export function formatExtent(extent: Extent): string {
  if (!isPerExample(extent)) return String(extent);
  return extent.perExample === 1 ? 'n' : `${extent.perExample}n`;
}

/** '[n, 4]', as messages show it. */
export function formatExtents(extents: readonly Extent[]): string {
  return `[${extents.map(formatExtent).join(', ')}]`;
}

/** Whether two extents are equal for every number of examples. */
export function sameExtent(a: Extent, b: Extent): boolean {
  return isPerExample(a) ? isPerExample(b) && a.perExample === b.perExample : a === b;
}

/** a · b. @throws {UnsupportedError} if it grows with the square of the number of examples */
export function times(a: Extent, b: Extent): Extent {
  if (isPerExample(a)) {
    if (isPerExample(b)) throw notAllowed('multiplies the number of examples by itself');
    return b === 0 ? 0 : { perExample: a.perExample * b };
  }
  return isPerExample(b) ? times(b, a) : a * b;
}

/** The product of all. */
export function product(extents: readonly Extent[]): Extent {
  return extents.reduce(times, 1);
}

/** a / b, rounded towards zero as integers are. @throws {UnsupportedError} if that depends on the number of examples in another way */
export function over(a: Extent, b: Extent): Extent {
  if (!isPerExample(a) && !isPerExample(b)) return Math.trunc(a / b);
  if (isPerExample(a)) {
    const quotient = isPerExample(b) ? a.perExample / b.perExample : a.perExample / b;
    if (Number.isInteger(quotient)) return isPerExample(b) ? quotient : { perExample: quotient };
  }
  throw notAllowed(`divides ${formatExtent(a)} by ${formatExtent(b)}`);
}

/** a + b. @throws {UnsupportedError} if one of them grows with the number of examples and the other is neither that nor 0 */
export function plus(a: Extent, b: Extent): Extent {
  if (isPerExample(a) && isPerExample(b)) {
    const sum = a.perExample + b.perExample;
    return sum === 0 ? 0 : { perExample: sum };
  }
  if (a === 0) return b;
  if (b === 0) return a;
  if (isPerExample(a) || isPerExample(b)) throw notAllowed(`adds ${formatExtent(a)} and ${formatExtent(b)}`);
  return a + b;
}

/**
 * Whether a = b, where that is the same for every number of examples.
 *
 * @throws {UnsupportedError} if it is not: n = 4
 */
export function equals(a: Extent, b: Extent): boolean {
  if (isPerExample(a) === isPerExample(b)) return sameExtent(a, b);
  const [many, number] = isPerExample(a) ? [a.perExample, b as number] : [(b as PerExample).perExample, a];
  // A positive multiple of at least one example is never 0 or negative.
  if (many > 0 && number < many) return false;
  throw notAllowed(`compares ${formatExtent(a)} with ${formatExtent(b)}`);
}

/** @throws {UnsupportedError} if the extent grows with the number of examples */
export function asNumber(extent: Extent, what: string): number {
  if (isPerExample(extent)) throw notAllowed(`uses ${formatExtent(extent)} as ${what}`);
  return extent;
}

function notAllowed(what: string): UnsupportedError {
  return new UnsupportedError(
    `got a graph that ${what}, where n is the number of examples; expected examples that are computed apart from each other`,
  );
}
