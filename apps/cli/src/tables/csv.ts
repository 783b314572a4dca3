import { listNames, makeTable, quoted, type Table } from '@ntk/adapt';
import { FormatError } from '@ntk/tensor';
import { CsvError, parse } from 'csv-parse/sync';
import { decodeText } from './text.ts';

/** A record and the lines it stands on. */
interface CsvRecord {
  readonly cells: readonly string[];
  /** Counted from 1; a quoted cell may span several lines. */
  readonly firstLine: number;
}

/**
 * Reads a table of comma-separated values with a header line. A byte order mark, any line ending, quoted cells and blank
 * lines are accepted; cells stay text, in which a line ends with \n.
 *
 * @param bytes - the file's content, UTF-8
 * @param source - what messages call the file
 * @throws {FormatError} saying where the file is not such a table, and what to change
 */
export function parseCsv(bytes: Uint8Array, source: string): Table {
  const [header, ...rest] = readRecords(decodeText(bytes, source), source);
  if (header === undefined)
    throw new FormatError(`${source}: the file is empty; expected a header line with column names, then rows`);
  checkHeader(header.cells, source);
  const rows = header.cells.length === 1 ? dropTrailingBlank(rest) : rest.filter((record) => !isBlank(record));
  rows.forEach(({ cells, firstLine }, row) => {
    if (cells.length === header.cells.length) return;
    throw new FormatError(
      `${source}, ${place(firstLine, row)}: got ${cells.length} cells, expected ${header.cells.length} as in the header; complete the row, or quote a cell that has a comma in it`,
    );
  });
  return makeTable({
    source,
    columns: header.cells.map((name, column) => ({ name, cells: rows.map(({ cells }) => cells[column]!) })),
    describeRow: (row) => place(rows[row]!.firstLine, row),
  });
}

function place(line: number, row: number): string {
  return `line ${line} (row ${row + 1} of the data)`;
}

function readRecords(text: string, source: string): CsvRecord[] {
  try {
    // The parser counts a CRLF in a quoted cell as two lines.
    const records = parse(text.replaceAll(/\r\n?/g, '\n'), {
      bom: true,
      trim: true,
      info: true,
      relax_column_count: true,
    }) as unknown as {
      readonly record: string[];
      readonly info: { readonly lines: number };
    }[];
    const lastLines = records.map(({ info }) => info.lines);
    const all = records.map(({ record }, i) => ({ cells: record, firstLine: (lastLines[i - 1] ?? 0) + 1 }));
    const start = all.findIndex((record) => !isBlank(record));
    return start < 0 ? [] : all.slice(start);
  } catch (error) {
    if (error instanceof CsvError) throw new FormatError(`${source}${explain(error)}`, { cause: error });
    throw error;
  }
}

function explain(error: CsvError): string {
  const line = `, line ${String(error['lines'])}`;
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return `${line}: a quoted cell begins and never ends; close the quote, or write a quote inside a cell twice`;
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `${line}: a quote stands in the middle of a cell; put the whole cell in quotes and write the quote inside it twice`;
    default:
      return `${line}: not comma-separated values (${error.message}); save the table as CSV again`;
  }
}

function checkHeader(names: readonly string[], source: string): void {
  const [only] = names;
  if (names.length === 1 && /[;\t]/.test(only!)) {
    const separator = only!.includes('\t') ? 'tabs' : 'semicolons';
    throw new FormatError(
      `${source}: its cells are separated by ${separator}, expected commas (and a point in decimals); save the table as comma-separated values`,
    );
  }
  const unnamed = names.indexOf('');
  if (unnamed >= 0) {
    throw new FormatError(
      `${source}: column ${unnamed + 1} of ${names.length} has no name in the header; name it or remove it (pandas writes row numbers there unless told index=False)`,
    );
  }
  const counting = names.every((name, i) => name === String(i));
  if (!counting && names.every((name) => Number.isFinite(Number(name)))) {
    throw new FormatError(
      `${source}: the first line (${quoted(listNames(names))}) holds only numbers, expected column names; add a header line`,
    );
  }
}

function isBlank({ cells }: CsvRecord): boolean {
  return cells.length === 1 && cells[0] === '';
}

/** In a table of one column a blank line is a row with an empty cell, except at the end of the file. */
function dropTrailingBlank(records: readonly CsvRecord[]): readonly CsvRecord[] {
  return records.slice(0, records.findLastIndex((record) => !isBlank(record)) + 1);
}
