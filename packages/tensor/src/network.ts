import { asDType, dtypeOf, type DType, type TypedArray } from './dtype.ts';
import type { Backend, Tensor } from './backend.ts';
import { ProgramError, ShapeError } from './errors.ts';
import { exampleAxes } from './example-axis.ts';
import { rebatch } from './rebatch.ts';
import { shapeOf, type Program, type Value } from './program.ts';
import { formatShape, sameShape, sizeOf, type Shape } from './shape.ts';

/** One weight tensor of a network. */
export interface Parameter {
  /** Unique, as in the model file: 'dense_1/kernel'. */
  readonly name: string;
  /** The layer it belongs to; layers are chosen for linearisation by this name. */
  readonly layer: string;
  readonly shape: Shape;
  /** False for what is never differentiated, such as moving statistics. */
  readonly trainable: boolean;
}

/** What is known about a network beside its function. */
export interface NetworkMeta {
  readonly name: string;
  /** Format of the file it came from, such as 'tfjs-layers-model'. */
  readonly source: string;
  /** What a user should know: a softmax that was split off, folded normalisation, quantised weights. */
  readonly notes: readonly string[];
  /** What the file applies to its outputs and what was split off: applied to f it gives the file's own output. Absent where f is that output. */
  readonly outputActivation?: OutputActivation;
  /** The layers as the source describes them, so that the file can be written again. Drop it where the Program no longer follows from it. */
  readonly topology?: NetworkTopology;
}

/** An activation over the outputs of an example that leaves their order, and so the class, unchanged. */
export type OutputActivation = 'softmax' | 'sigmoid';

/** A network's layers in the words of a file format. */
export interface NetworkTopology {
  /** The format whose writer understands `model`, such as 'tfjs-layers-model'. */
  readonly format: string;
  /** Plain JSON. */
  readonly model: unknown;
}

/**
 * A trained network: a Program with one data input 'x' [n, …] followed by one input for each parameter, and one output [n, c],
 * together with the trained values. The Program is stored for one example and rebatched where it is used.
 */
export interface Network {
  readonly program: Program;
  readonly parameters: readonly Parameter[];
  /** Trained values, one array for each parameter, in the precision of the file. Never written by this project. */
  readonly values: readonly TypedArray[];
  readonly meta: NetworkMeta;
}

/**
 * Checks the parts of a network against each other and that the Program keeps examples apart.
 *
 * @throws {ProgramError | ShapeError} naming the part that does not fit
 */
export function makeNetwork(parts: Network): Network {
  const { program, parameters, values } = parts;
  const [data, ...weights] = program.inputs;
  if (data?.exampleAxis !== 0)
    throw new ProgramError(`${program.name}: expected a first input with examples along axis 0`);
  if (weights.length !== parameters.length || values.length !== parameters.length) {
    throw new ProgramError(
      `${program.name}: got ${weights.length} weight inputs, ${parameters.length} parameters and ${values.length} values, expected as many of each`,
    );
  }
  parameters.forEach((parameter, i) => {
    if (
      weights[i]!.exampleAxis !== null ||
      !sameShape(weights[i]!.shape, parameter.shape) ||
      values[i]!.length !== sizeOf(parameter.shape)
    ) {
      throw new ShapeError(
        `parameter '${parameter.name}': got ${values[i]!.length} values for ${formatShape(weights[i]!.shape)}, expected ${formatShape(parameter.shape)}`,
      );
    }
  });
  const names = new Set(parameters.map((parameter) => parameter.name));
  if (names.size < parameters.length)
    throw new ProgramError(`${program.name}: got two parameters of one name, expected unique names`);
  if (program.outputs.length !== 1)
    throw new ProgramError(`${program.name}: got ${program.outputs.length} outputs, expected one`);
  const output = program.outputs[0]!.value;
  const shape = shapeOf(program, output);
  if (shape.length !== 2 || exampleAxes(program)[output] !== 0) {
    throw new ProgramError(
      `${program.name}: got an output of shape ${formatShape(shape)}, expected [n, c] with examples along axis 0`,
    );
  }
  return parts;
}

/** Number of outputs c. */
export function outputCount(network: Network): number {
  return shapeOf(network.program, network.program.outputs[0]!.value)[1]!;
}

/** Shape of one example, without the example axis. */
export function exampleShape(network: Network): Shape {
  return network.program.inputs[0]!.shape.slice(1);
}

/** A place where a parameter is read: the value that reads it, and as which operand. */
export interface UseSite {
  readonly value: Value;
  readonly operand: number;
}

/** Every place of a network's Program where its i-th parameter is read. Shared weights have several. */
export function useSites(program: Program, parameter: number): UseSite[] {
  return program.nodes.flatMap((node, i) =>
    node.inputs.flatMap((value, operand) =>
      value === parameter + 1 ? [{ value: program.inputs.length + i, operand }] : [],
    ),
  );
}

/**
 * The outputs of a network, without derivatives.
 *
 * @param x - examples, row-major [n, …exampleShape]; borrowed
 * @param options - where to run, and the dtype of the arithmetic (that of `x` unless named)
 * @returns f(x), [n, c]; the caller disposes it
 * @throws {ShapeError} if the length of `x` is not a multiple of an example's size
 */
export async function forward(
  network: Network,
  x: TypedArray,
  options: { readonly backend: Backend; readonly dtype?: DType },
): Promise<Tensor> {
  const { backend, dtype = dtypeOf(x) } = options;
  const examples = exampleCount(network, x.length);
  const program = rebatch(network.program, examples);
  using executable = await backend.compile(program, { dtype });
  const arrays = [x, ...network.values].map((data) => asDType(data, dtype));
  const inputs = arrays.map((data, i) => backend.upload(data, program.inputs[i]!.shape));
  try {
    const [output] = await backend.run(executable, inputs);
    return output!;
  } finally {
    inputs.forEach((tensor) => tensor.dispose());
  }
}

/**
 * How many examples a flat array holds.
 *
 * @throws {ShapeError} if its length is zero or not a multiple of an example's size
 */
export function exampleCount(network: Network, length: number): number {
  const shape = exampleShape(network);
  const examples = length / sizeOf(shape);
  if (!Number.isInteger(examples) || examples === 0) {
    throw new ShapeError(
      `network '${network.meta.name}': got ${length} numbers, expected a positive multiple of ${sizeOf(shape)}, the size of an example ${formatShape(shape)}`,
    );
  }
  return examples;
}
