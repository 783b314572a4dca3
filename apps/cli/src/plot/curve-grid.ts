/** Points of each part of the grid. */
const POINTS = 120;
/** Share of a column's values that are left out at either end of its middle. */
const TAIL = 0.05;

/**
 * Where a curve is drawn, ascending: evenly over the range of all columns, and again over the range and over the middle of each
 * column, so that a value far away does not leave the curve coarse where the others are.
 *
 * @param columns - values of the input, at least one each
 */
export function curveGrid(columns: readonly Float64Array[]): Float64Array {
  const sorted = columns.map((column) => column.toSorted());
  const low = Math.min(...sorted.map((column) => column[0]!));
  const high = Math.max(...sorted.map((column) => column.at(-1)!));
  const margin = high > low ? 0.02 * (high - low) : 1;
  const parts = [
    spaced(low - margin, high + margin),
    ...sorted.flatMap((column) => {
      const cut = Math.floor(TAIL * column.length) + (column.length > 2 ? 1 : 0);
      return [spaced(column[0]!, column.at(-1)!), spaced(column[cut] ?? low, column[column.length - 1 - cut] ?? high)];
    }),
  ];
  return Float64Array.from(new Set(parts.flatMap((part) => [...part]))).sort();
}

function spaced(from: number, to: number): Float64Array {
  return Float64Array.from({ length: POINTS }, (_, i) => from + (i / (POINTS - 1)) * (to - from));
}
