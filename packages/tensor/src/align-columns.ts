/**
 * Lines of a table for a terminal, two spaces between columns.
 *
 * @param rows - cells, as many in each row; a header is a row
 * @param right - columns that are set to the right, as numbers are; all others are set to the left
 */
export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
