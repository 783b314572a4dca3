import { FormatError, UnsupportedError } from '@ntk/tensor';
import { excerpt } from '../json.ts';
import type { GraphInput } from './graph-inputs.ts';
import type { ElementKind } from './traced.ts';

/** An input or output of a graph as its file declares it. */
export interface DeclaredValue {
  readonly name: string;
  /** Undefined for what is not read, such as texts. */
  readonly element: ElementKind | undefined;
  /** The type in the file's words, for messages. */
  readonly type: unknown;
  /** The number of examples first; what is no positive number is open. Undefined if the file does not say. */
  readonly shape: readonly unknown[] | undefined;
}

/** What a graph takes and gives. */
export interface GraphSignature {
  readonly inputs: readonly GraphInput[];
  /** Names of the outputs that hold real numbers. */
  readonly outputs: readonly string[];
  /** The number of examples that the file was made for, or null if for any. */
  readonly fixedExamples: number | null;
  readonly notes: readonly string[];
}

/** How to read a signature. */
export interface SignatureOptions {
  readonly label: string;
  /** Shapes of an example, by the name of the input, where the file leaves extents open. */
  readonly inputShapes: Readonly<Record<string, readonly number[]>>;
}

/**
 * Checks what a graph takes and gives.
 *
 * @throws {FormatError} if it has no inputs, or one without a shape
 * @throws {UnsupportedError} if an input is of a type that is not read, or no output holds real numbers
 */
export function readSignature(
  inputs: readonly DeclaredValue[],
  outputs: readonly DeclaredValue[],
  options: SignatureOptions,
): GraphSignature {
  const { label } = options;
  if (inputs.length === 0)
    throw new FormatError(`${label}: got a graph without inputs, expected one at least; export the model again`);
  const [first] = inputs.map(({ shape }) => shape?.[0]);
  const fixedExamples = isExtent(first) ? first : null;
  const real = outputs.filter(({ element }) => element === 'float');
  if (real.length === 0)
    throw new UnsupportedError(
      `${label}: got no output of real numbers, expected one at least; export the model with its scores or probabilities`,
    );
  const others = outputs.flatMap(({ name, element }) => (element === 'float' ? [] : [`'${name}'`]));
  return {
    inputs: inputs.map((input) => readInput(input, options)),
    outputs: real.map(({ name }) => name),
    fixedExamples,
    notes: [
      ...(fixedExamples === null
        ? []
        : [
            `the file is made for ${fixedExamples} example${fixedExamples === 1 ? '' : 's'} at a time; it is read for any number`,
          ]),
      ...(others.length === 0 ? [] : [`outputs that are not real numbers are left out: ${others.join(', ')}`]),
    ],
  };
}

function readInput(
  { name, element, type, shape }: DeclaredValue,
  { label, inputShapes }: SignatureOptions,
): GraphInput {
  if (element === undefined)
    throw new UnsupportedError(
      `${label}: got the input '${name}' of the data type ${excerpt(type)}, expected numbers or truth values`,
    );
  const given = inputShapes[name];
  if (given !== undefined) return { name, element, shape: given };
  if (shape === undefined || shape.length === 0)
    throw new FormatError(
      `${label}: got the input '${name}' without axes, expected the number of examples and the shape of one; export the model again, or name it: inputShapes: { '${name}': […] }`,
    );
  return { name, element, shape: shape.slice(1).map((extent) => (isExtent(extent) ? extent : null)) };
}

function isExtent(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}
