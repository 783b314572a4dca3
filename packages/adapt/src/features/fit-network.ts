import { ShapeError, formatShape, sameShape, sizeOf, type Shape } from '@ntk/tensor';
import { listNames } from './names.ts';
import { inputNames, inputWidth, type FeatureSchema } from './schema.ts';
import type { Table } from './table.ts';

/** What a network takes and gives for one example. */
export interface NetworkSide {
  readonly name: string;
  readonly exampleShape: Shape;
  readonly outputs: number;
}

/**
 * Checks that the columns of a schema fill the network's inputs, and its targets the outputs.
 *
 * @param table - the table of the inputs; an array of images must have the network's axes, not only as many numbers
 * @throws {ShapeError} saying both sizes and what to change
 */
export function checkNetworkFit(schema: FeatureSchema, network: NetworkSide, table?: Table): void {
  const { name, exampleShape, outputs } = network;
  const expected = sizeOf(exampleShape);
  const got = inputWidth(schema);
  if (got !== expected) {
    throw new ShapeError(
      `the table gives ${count(got, 'input')} (${listNames(inputNames(schema))}) and the network '${name}' takes ${expected}, ${formatShape(exampleShape)}; choose columns with --inputs, or encode a column of categories with --one-hot`,
    );
  }
  if (table !== undefined) checkAxes(schema, network, table);
  if (schema.targets.length !== outputs) {
    throw new ShapeError(
      `got ${count(schema.targets.length, 'target')} (${listNames(schema.targets)}) and the network '${name}' has ${count(outputs, 'output')}; name one column for each output with --target`,
    );
  }
}

function checkAxes({ inputs }: FeatureSchema, { name, exampleShape }: NetworkSide, table: Table): void {
  const array = table.groups.find(
    ({ columns }) => columns.length === inputs.length && columns.every((column, i) => column === inputs[i]!.name),
  );
  if (array === undefined || array.rowShape.length < 2 || sameShape(squeeze(array.rowShape), squeeze(exampleShape)))
    return;
  throw new ShapeError(
    `${table.source}: each row has the shape ${formatShape(array.rowShape)} and the network '${name}' takes ${formatShape(exampleShape)}; transpose the array`,
  );
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Axes of length one carry no order. */
function squeeze(shape: Shape): Shape {
  return shape.filter((length) => length !== 1);
}
