import { expandNames, quoted, type Table } from '@ntk/adapt';
import { OptionError } from '@ntk/tensor';

/**
 * Columns of categories from the entries of --one-hot: names, lists of names, or NAME=CATEGORY,CATEGORY,….
 *
 * @throws {OptionError} if a column is absent, named twice, or given no category
 */
export function oneHotColumns(
  table: Table,
  entries: readonly string[],
): Record<string, readonly string[] | 'observed'> {
  const columns = new Map<string, readonly string[] | 'observed'>();
  const add = (name: string, categories: readonly string[] | 'observed'): void => {
    if (columns.has(name)) throw new OptionError(`--one-hot: column ${quoted(name)} is named twice; name it once`);
    columns.set(name, categories);
  };
  for (const entry of entries) {
    const separator = entry.indexOf('=');
    if (separator < 0 || table.columns.some(({ name }) => name === entry)) {
      for (const name of expandNames(table, [entry])) add(name, 'observed');
      continue;
    }
    const [name] = expandNames(table, [entry.slice(0, separator).trim()]);
    const categories = entry
      .slice(separator + 1)
      .split(',')
      .map((category) => category.trim());
    if (categories.includes('')) {
      throw new OptionError(
        `--one-hot: got ${quoted(entry)}, expected categories separated by commas after =; for example sky=fog,rain`,
      );
    }
    add(name!, categories);
  }
  return Object.fromEntries(columns);
}
