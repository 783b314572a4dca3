import { listNames, type FeatureSchema, type Table } from '@ntk/adapt';
import { kernelDiagonal, linearize, type LayerSelection } from '@ntk/jacobian';
import { FormatError, exampleCount, type Backend, type DType, type Network } from '@ntk/tensor';
import { isNumericalFailure } from '../terminal/exit-code.ts';

/** Network inputs, and the rows of the table that they came from. */
export interface NamedRows {
  readonly network: Network;
  readonly schema: FeatureSchema;
  readonly table: Table;
  readonly encoded: { readonly x: Float64Array; readonly width: number; readonly rows: readonly number[] };
}

/** What a network is run on. */
export interface Execution {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly layers?: LayerSelection;
}

/** The dtype that an option of the command means on a backend. */
export function dtypeOn(backend: Backend, choice: 'auto' | DType): DType {
  if (choice !== 'auto') return choice;
  return backend.supports.float64 ? 'float64' : 'float32';
}

/**
 * Does some work on rows. Where it fails on its numbers, and a row is too large for the network, the error names that row.
 *
 * @throws {FormatError} naming file, row, columns and remedy; any other error of the work as it is
 *
 * Cost: that of the work; after a failure the outputs and the kernel's diagonal once more.
 */
export async function blamingRows<T>(rows: NamedRows, execution: Execution, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isNumericalFailure(error)) throw error;
    throw rowError(rows, await overflowing(rows, execution), execution.dtype) ?? error;
  }
}

/**
 * Checks that every row has a prediction.
 *
 * @param values - arrays of [m·c], in the order of the rows
 * @throws {FormatError} naming file, row, columns and remedy
 */
export function checkFinite(rows: NamedRows, values: readonly Float64Array[], { dtype }: Execution): void {
  const m = rows.encoded.rows.length;
  const bad = Array.from({ length: m }, (_, i) => i).filter((i) => values.some((array) => !isFiniteAt(array, i, m)));
  const error = rowError(rows, bad, dtype);
  if (error !== undefined) throw error;
}

function isFiniteAt(values: Float64Array, example: number, examples: number): boolean {
  const c = values.length / examples;
  return values.subarray(example * c, (example + 1) * c).every(Number.isFinite);
}

/** Beyond this, sums of squares of kernel entries overflow. */
const LARGEST = 1e-12 * Math.sqrt(Number.MAX_VALUE);

const BATCH = 512;

/** Examples whose outputs or kernel are not finite, or too large to compute with. */
async function overflowing({ network, encoded }: NamedRows, execution: Execution): Promise<number[]> {
  const { x } = encoded;
  const examples = exampleCount(network, x.length);
  const size = x.length / examples;
  const batchSize = Math.min(examples, BATCH);
  const found: number[] = [];
  for (let start = 0; start < examples; start += batchSize) {
    const batch = x.subarray(start * size, (start + batchSize) * size);
    using linearization = await linearize(network, batch, { ...execution, batchSize });
    const { backend, outputs, n } = linearization;
    const read = [Float64Array.from(await backend.read(outputs)), await kernelDiagonal(linearization)];
    const values = read.map((array) => array.map((value) => (Math.abs(value) > LARGEST ? Infinity : value)));
    for (let i = 0; i < n; i++) if (values.some((array) => !isFiniteAt(array, i, n))) found.push(start + i);
  }
  return found;
}

function rowError(named: NamedRows, bad: readonly number[], dtype: DType): FormatError | undefined {
  const { network, table, encoded } = named;
  const [first] = bad;
  if (first === undefined) return undefined;
  const what = `the outputs or derivatives of the network '${network.meta.name}' are beyond ${dtype}`;
  if (bad.length > 1 && bad.length === encoded.rows.length) {
    return new FormatError(
      `${table.source}: for every row ${what}; scale the inputs as the network was trained, or check its weights`,
    );
  }
  const others = bad.length === 1 ? '' : `, and ${bad.length - 1} more rows`;
  const wider = dtype === 'float32' ? ', or use --dtype float64' : '';
  return new FormatError(
    `${table.source}, ${table.describeRow(encoded.rows[first]!)}, ${largest(named, first)}, with which ${what}${others}; correct the cell or remove the row${wider}`,
  );
}

/** The columns with the largest inputs of a row: "column 'x': the cell is 1e200". */
function largest({ schema, table, encoded }: NamedRows, example: number): string {
  const { x, width, rows } = encoded;
  const row = x.subarray(example * width, (example + 1) * width).map(Math.abs);
  const most = Math.max(...row);
  const owners = schema.inputs.flatMap((input) =>
    input.kind === 'number' ? [input.name] : input.categories.map(() => input.name),
  );
  const names = [...new Set(owners.filter((_, i) => row[i]! >= most / 1000))];
  const [name] = names;
  if (names.length > 1) return `columns ${listNames(names)}: the cells are up to ${most} as inputs of the network`;
  const cell = table.columns.find((column) => column.name === name)?.cells[rows[example]!];
  return `column '${name}': the cell is ${cell}`;
}
